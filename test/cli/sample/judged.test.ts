import { expect, test } from 'vitest';
import { judgedPlans, sampledText, type Sampled } from '../../../cli/sample/judged.ts';
import type { DrawnPlan } from '../../../infra/trained-actor.ts';
import type { Plan } from '../../../schemas/plan.ts';
import type { SituationContent } from '../../../schemas/situation.ts';
import { relief } from '../../../worlds/relief/index.ts';

const situation = relief.situation(7);
const plan = relief.exemplary(situation);
const drawn = (more: Partial<DrawnPlan> = {}): DrawnPlan => ({ plan, logP: -12.344, edits: 17, times: 2, first: 'Charge.', ...more });
const unlike: SituationContent = { ...situation, initial: 'The rover stands on the moon.', world: null };

/** The plan with the text of its first state between the ends gone. */
function blank(): Plan {
  const broken = structuredClone(plan);
  const state = broken.nodes[2] as Plan['nodes'][number];
  state.text = '';
  return broken;
}

test('a plan of a world is valid and has its exact value there', () => {
  expect(judgedPlans(situation, [drawn()])).toEqual([{ ...drawn(), valid: true, faults: [], value: relief.value(situation, plan) }]);
});

test("a situation in a world's words is valued there, also where it does not name the world", () => {
  expect(judgedPlans({ ...situation, world: null }, [drawn()])[0]?.value).toEqual(relief.value(situation, plan));
});

test('what no world knows has no value, and neither has what is not valid', () => {
  const text = { ...plan, nodes: [{ ...(plan.nodes[0] as Plan['nodes'][number]), text: unlike.initial }, ...plan.nodes.slice(1)] };
  expect(judgedPlans(unlike, [drawn({ plan: text })])).toMatchObject([{ valid: true, value: null }]);
  const id = plan.nodes[2]?.id;
  expect(judgedPlans(situation, [drawn({ plan: blank() })])).toMatchObject([{ valid: false, faults: [`${id}: its text is empty; a state must be described`], value: null }]);
});

const sampled = (...plans: DrawnPlan[]): Sampled => ({ situation, plans: judgedPlans(situation, plans) });

test('each plan has a line on how likely and how good it is, its tree, and what to do next', () => {
  const value = relief.value(situation, plan).logReward.toFixed(2);
  const lines = sampledText([sampled(drawn(), drawn({ plan: blank(), edits: 1, times: 1, first: '' }))], 'planning').split('\n');
  expect(lines[0]).toBe(`plan 1 of 2 · log p -12.34 nats · 17 edits · drawn 2 times · valid · value ${value} nats`);
  expect(lines[1]).toBe('stance: pursue');
  expect(lines[2]).toBe(`├─ s0 [days] ${situation.initial}`);
  expect(lines.filter((line) => line.startsWith('plan 2'))).toEqual([`plan 2 of 2 · log p -12.34 nats · 1 edit · drawn 1 time · invalid: ${plan.nodes[2]?.id}: its text is empty; a state must be described`]);
  expect(lines.filter((line) => line.startsWith('next: '))).toEqual(['next: Charge.', 'next: (placeholder)']);
});

test('several faults are counted', () => {
  const broken = blank();
  (broken.nodes[0] as Plan['nodes'][number]).text = '';
  expect(sampledText([sampled(drawn({ plan: broken }))], 'habitual')).toMatch(/ · invalid: s0: its text is empty; a state must be described \(and 2 more\)\n/);
});

test('a habitual plan is shown without what to do next, and several situations have a line each', () => {
  const text = sampledText([sampled(drawn()), sampled(drawn())], 'habitual');
  expect(text).not.toContain('next: ');
  expect(text.split('\n').filter((line) => line.startsWith('situation '))).toEqual(['situation 1 of 2  plan, field-rover, hours/days', 'situation 2 of 2  plan, field-rover, hours/days']);
});

test("the actor's words do not reach the terminal as control sequences", () => {
  const attack = '\u001b[2J\u001b[31mgone';
  const text = sampledText([sampled(drawn({ first: attack, plan: { ...plan, stanceArgument: attack } }))], 'planning');
  expect(text).not.toContain('\u001b[2J');
  expect(text).not.toContain('\u001b[31m');
});
