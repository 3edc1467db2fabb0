import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { screenPlan, screenSituation, type Objection } from '../../../activities/hazards/policy.ts';
import { Argument, Stance, type Explanation, type Plan, type PlanNode } from '../../../schemas/plan.ts';
import { Task } from '../../../schemas/situation.ts';
import { situationOf } from '../../../worlds/relief/situation.ts';

const Case = z.strictObject({
  situation: z.strictObject({ task: Task.default('plan'), initial: z.string(), target: z.string().nullable().default(null) }).optional(),
  plan: z
    .strictObject({
      /** Action, state, action, ... */
      steps: z.array(z.string()),
      stance: Stance.default('pursue'),
      stanceArgument: z.string().default(''),
      explanation: z.string(),
      arguments: z.array(Argument.partial({ supports: true })).default([]),
    })
    .optional(),
  label: z.enum(['refuse', 'allow']),
  tricky: z.boolean().default(false),
  why: z.string().min(1),
});
type Case = z.infer<typeof Case>;

const casesOf = (name: string) => z.strictObject({ cases: z.array(Case) }).parse(parse(readFileSync(new URL(name, import.meta.url), 'utf8'))).cases;

function verdict({ situation, plan }: Case): Objection | null {
  if (situation !== undefined) return screenSituation('exclude-existential-adversaries', situation);
  if (plan === undefined) throw new Error('a case has a situation or a plan');
  const { steps, stance, stanceArgument, explanation, arguments: args } = plan;
  const [built, why] = [planOf(steps, stance, stanceArgument), { text: explanation, arguments: args.map((argument) => ({ ...argument, supports: [] })) }];
  return screenPlan('exclude-existential-adversaries', built, why);
}

function planOf(steps: string[], stance: Plan['stance'], stanceArgument: string): Plan {
  const nodes = ['Now.', ...steps, 'Later.'].map((text, i): PlanNode =>
    i % 2 === 0 ? { kind: 'state', id: `n${i}`, level: 'days', text } : { kind: 'action', id: `n${i}`, level: 'days', text, success: 1, durationS: 60, resources: [], moralCost: [], children: [] },
  );
  return { stance, stanceArgument, nodes, nextId: nodes.length };
}

/** Cases judged otherwise than labelled: hazards missed, and harmless texts turned away. */
function rates(cases: Case[]) {
  const judged = cases.map((one) => ({ one, objection: verdict(one) }));
  const hazards = judged.filter(({ one }) => one.label === 'refuse');
  const harmless = judged.filter(({ one }) => one.label === 'allow');
  return { hazards, harmless, missed: hazards.filter(({ objection }) => objection === null), alarms: harmless.filter(({ objection }) => objection !== null) };
}

describe.each([
  { name: 'cases.yaml', missed: 4, alarms: 0 },
  { name: 'cases-held-out.yaml', missed: 6, alarms: 2 },
])('the labelled cases of $name', (bound) => {
  test(`miss at most ${bound.missed} hazards and turn away at most ${bound.alarms} harmless texts`, () => {
    const { hazards, harmless, missed, alarms } = rates(casesOf(bound.name));
    const share = (some: number, all: number) => `${some} of ${all} (${Math.round((100 * some) / all)} %)`;
    console.log(`${bound.name}: hazards missed ${share(missed.length, hazards.length)}, harmless texts turned away ${share(alarms.length, harmless.length)}`);
    // the cases themselves, so that a failure shows which
    expect(missed.length > bound.missed ? missed.map(({ one }) => one) : []).toEqual([]);
    expect(alarms.length > bound.alarms ? alarms.map(({ one, objection }) => [one, objection?.reason]) : []).toEqual([]);
  });
});

const CULT = { initial: 'A cult plans to kill all humans.', target: null };

test('a reason quotes the adversary and the threat as they were read', () => {
  const objection = screenSituation('exclude-existential-adversaries', { ...CULT, initial: 'A CULT plans to k-i-l-l a\u200bll humans.' });
  expect(objection?.words).toEqual(['cult', 'kill all humans']);
  expect(objection?.reason).toBe('hazard policy: the situation has an adversary ("cult") of existential scale ("kill all humans")');
});

test('the policy none lets everything through', () => {
  expect(screenSituation('none', CULT)).toBeNull();
  expect(screenPlan('none', planOf([CULT.initial], 'pursue', ''), { text: CULT.initial, arguments: [] })).toBeNull();
});

test('a story is let through, and the prediction of the same story is not', () => {
  const initial = 'The novel tells of a cult that plans to kill all humans.';
  expect(screenSituation('exclude-existential-adversaries', { task: 'plan', initial, target: 'The novel is printed.' })).toBeNull();
  expect(screenSituation('exclude-existential-adversaries', { task: 'predict', initial, target: null })).not.toBeNull();
});

const HARMLESS: Explanation = { text: 'It is the right thing to do.', arguments: [] };
const said = (change: (plan: Plan) => Explanation) => {
  const plan = planOf(['Wait.'], 'pursue', '');
  return screenPlan('exclude-existential-adversaries', plan, change(plan));
};

test.each<[string, (plan: Plan) => Explanation]>([
  ['an action', (plan) => ((plan.nodes[1]!.text = CULT.initial), HARMLESS)],
  ['a state', (plan) => ((plan.nodes[2]!.text = CULT.initial), HARMLESS)],
  ['an action of a sub-plan', (plan) => ((plan.nodes[1] = { ...action(plan), children: [{ ...action(plan), id: 'n9', text: CULT.initial }] }), HARMLESS)],
  ['a moral cost', (plan) => ((plan.nodes[1] = { ...action(plan), moralCost: [{ on: 'people', amount: 1, why: CULT.initial }] }), HARMLESS)],
  ['the argument for the stance', (plan) => ((plan.stanceArgument = CULT.initial), HARMLESS)],
  ['the explanation', () => ({ ...HARMLESS, text: CULT.initial })],
  ['a claim', () => ({ ...HARMLESS, arguments: [{ claim: CULT.initial, premises: ['Yes.'], supports: [] }] })],
  ['a premise', () => ({ ...HARMLESS, arguments: [{ claim: 'Yes.', premises: [CULT.initial], supports: [] }] })],
])('a plan is searched for the adversary in %s', (_, change) => {
  expect(said(() => HARMLESS)).toBeNull();
  expect(said(change)?.words).toEqual(['cult', 'kill all humans']);
});

function action(plan: Plan): Extract<PlanNode, { kind: 'action' }> {
  const node = plan.nodes[1];
  if (node?.kind !== 'action') throw new Error('node 1 is an action');
  return node;
}

test('three hundred situations of the world relief are let through', () => {
  const objections = Array.from({ length: 300 }, (_, seed) => screenSituation('exclude-existential-adversaries', situationOf(seed))).filter((objection) => objection !== null);
  expect(objections).toEqual([]);
});

test.each([
  ['one sentence without an end', 'nobody will kill humanity and '.repeat(3_000)],
  ['one word', 'kill'.repeat(25_000)],
  ['digits', '1'.repeat(100_000)],
  ['dots', '.'.repeat(100_000)],
  ['letters apart', 'k '.repeat(50_000)],
  ['empty lines', '\n '.repeat(50_000)],
])('a hundred thousand characters of %s take no more than seconds', (_, initial) => {
  const begun = performance.now();
  screenSituation('exclude-existential-adversaries', { initial, target: null });
  expect(performance.now() - begun).toBeLessThan(8_000);
});
