import { describe, expect, test } from 'vitest';
import { buildDraft } from '../../plans/build.ts';
import { InvalidOutput } from '../../plans/invalid.ts';
import { checkPlan } from '../../plans/check.ts';
import { flatten, walk } from '../../plans/tree.ts';
import { Plan } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import type { DraftOutput } from '../../schemas/wire.ts';
import { randomPlan, randomSituation, seeded, wireAction, wireState } from './random-plan.ts';

const situation: SituationContent = {
  task: 'plan', agent: 'rover', horizon: ['minutes', 'hours'], initial: 'At the gate.', target: 'At the mast.', parent: null, world: null,
};

function draft(fields: Partial<DraftOutput> = {}): DraftOutput {
  return {
    stance: 'pursue',
    stanceArgument: '',
    states: [wireState('begin', 'hours', 'At the gate.', { order: 1 }), wireState('end', 'hours', 'At the mast.', { order: 3 }), wireState('mid', 'minutes', 'Half way.', { parent: 'go', order: 20 })],
    actions: [wireAction('second', 'minutes', 'Walk on.', { parent: 'go', order: 30 }), wireAction('go', 'hours', 'Walk.', { order: 2 }), wireAction('first', 'minutes', 'Set off.', { parent: 'go', order: 10 })],
    explanation: { text: 'It is the only way.', arguments: [{ claim: 'Walking works.', premises: ['The path is dry.'], supports: ['go', 'end', 'mid'] }] },
    ...fields,
  };
}

function faultsOf(output: DraftOutput, of: SituationContent = situation): string[] {
  try {
    buildDraft(output, of);
  } catch (error) {
    if (error instanceof InvalidOutput) return error.faults;
    throw error;
  }
  return [];
}

describe('buildDraft', () => {
  test('orders siblings, mints ids in pre-order and rewrites what the explanation supports', () => {
    const { plan, explanation } = buildDraft(draft(), situation);
    expect([...walk(plan)].map(({ node, parent }) => [node.id, parent, node.text])).toEqual([
      ['s0', '', 'At the gate.'],
      ['n1', '', 'Walk.'],
      ['n2', 'n1', 'Set off.'],
      ['n3', 'n1', 'Half way.'],
      ['n4', 'n1', 'Walk on.'],
      ['g', '', 'At the mast.'],
    ]);
    expect(plan.nextId).toBe(5);
    expect(explanation.arguments[0]?.supports).toEqual(['n1', 'g', 'n3']);
  });

  test('shares nothing with the answer', () => {
    const output = draft();
    const { plan, explanation } = buildDraft(output, situation);
    const copy = structuredClone({ plan, explanation });
    for (const action of output.actions) action.resources.push({ name: 'water', amount: 1, unit: 'L' });
    output.explanation.arguments[0]!.premises.push('More.');
    expect({ plan, explanation }).toEqual(copy);
  });

  test('gives the last state an ordinary id when the situation has no target', () => {
    const { plan } = buildDraft(draft(), { ...situation, target: null });
    expect(plan.nodes.at(-1)?.id).toBe('n5');
  });

  test('builds the same plan again from the flat lists of any sound plan, however they are shuffled', () => {
    for (let seed = 0; seed < 200; seed++) {
      const rng = seeded(seed);
      const of = randomSituation(rng);
      const plan = randomPlan(rng, of);
      expect(checkPlan(plan, of)).toEqual([]);
      const { states, actions } = flatten(plan);
      const shuffle = <T>(list: T[]): T[] => list.map((item) => [rng(), item] as const).sort(([a], [b]) => a - b).map(([, item]) => item);
      const { stance, stanceArgument } = plan;
      const { explanation } = draft();
      const built = buildDraft({ stance, stanceArgument, states: shuffle(states), actions: shuffle(actions), explanation: { ...explanation, arguments: [{ ...explanation.arguments[0]!, supports: ['s0'] }] } }, of);
      expect(built.plan).toEqual(plan);
      expect(Plan.parse(built.plan)).toEqual(plan);
    }
  });

  test("takes the model's own n1, n2 for temporary names like any other", () => {
    const rename = (id: string): string => ({ go: 'n3', first: 'n1', mid: 's0', second: 'g' })[id] ?? id;
    const { states, actions } = draft();
    const renamed = [states, actions].map((list) => list.map((node) => ({ ...node, id: rename(node.id), parent: rename(node.parent) })));
    const explanation = { text: 'So.', arguments: [{ claim: 'A.', premises: ['B.'], supports: ['n3', 'n1', 's0'] }] };
    const built = buildDraft(draft({ states: renamed[0]!, actions: renamed[1] as DraftOutput['actions'], explanation }), situation);
    expect(built.plan).toEqual(buildDraft(draft(), situation).plan);
    expect(built.explanation.arguments[0]?.supports).toEqual(['n1', 'n2', 'n3']);
  });

  test('names every fault of a draft at once, by the ids of the model', () => {
    const output = draft({ stance: 'decline' });
    output.states[0]!.text = 'Elsewhere.';
    output.states[2]!.level = 'hours';
    output.actions[1]!.success = 1.5;
    output.actions.push(wireAction('lost', 'minutes', 'Sing.', { parent: 'nowhere' }));
    output.explanation.arguments[0]!.supports.push('ghost', 'lost');
    const faults = faultsOf(output);
    expect(faults).toHaveLength(6);
    for (const pattern of [/^lost: parent "nowhere"/, /^stanceArgument: /, /^go: success: .*<=1/, /^mid: its level is hours; it must be minutes/, /^begin: .*"At the gate\."/, /supports: "ghost"/]) {
      expect(faults.filter((fault) => pattern.test(fault)), String(pattern)).toHaveLength(1);
    }
  });

  test.each<[string, (output: DraftOutput) => void, RegExp]>([
    ['a repeated id', (o) => (o.actions[0]!.id = 'first'), /^first: two nodes have this id/],
    ['an empty id', (o) => (o.actions[0]!.id = ''), /has the id ""/],
    ['a state as parent', (o) => (o.actions[0]!.parent = 'end'), /^second: parent "end" is a state/],
    ['a node that is its own parent', (o) => (o.actions[1]!.parent = 'go'), /^go: it is its own ancestor/],
    ['a circle of parents', (o) => (o.actions[1]!.parent = 'first'), /^first: it is its own ancestor/],
    ['two nodes in one place', (o) => (o.states[2]!.order = 10), /^first: has the same order 10 as mid in the sub-plan of go/],
    ['two states in a row', (o) => o.states.push(wireState('more', 'hours', 'More.', { order: 2.5 }), wireState('most', 'hours', 'Most.', { order: 2.6 })), /the states more and most follow each other/],
    ['a plan that begins with an action', (o) => (o.actions[1]!.order = 0), /the top list: begins with the action go/],
    ['an empty sub-plan state', (o) => (o.states[2]!.text = ' '), /^mid: its text is empty/],
    ['no plan', (o) => void ((o.states = []), (o.actions = [])), /the top list: has 0 nodes/],
    ['a changed target', (o) => (o.states[1]!.text = 'Near the mast.'), /^end: under the stance pursue .*"At the mast\."/],
    ['no argument', (o) => (o.explanation.arguments = []), /explanation\.arguments: is empty/],
  ])('refuses %s', (_, spoil, fault) => {
    const output = draft();
    expect(faultsOf(output)).toEqual([]);
    spoil(output);
    expect(faultsOf(output).join('\n')).toMatch(new RegExp(fault.source, 'm'));
  });

  test('keeps a fault on one line, whatever the model wrote', () => {
    const claim = 'It\n works.';
    const explanation = { text: 'So.', arguments: [{ claim, premises: [claim], supports: [] }] };
    expect(() => buildDraft(draft({ explanation }), situation)).toThrow(/^[^\n]*"It works\."[^\n]*$/);
  });

  test('refuses ten thousand nested actions without overflowing the stack', () => {
    const actions = Array.from({ length: 10_000 }, (_, i) => wireAction(`a${i}`, 'minutes', 'In.', { parent: i === 0 ? '' : `a${i - 1}` }));
    expect(faultsOf(draft({ actions })).length).toBeGreaterThan(1);
  });
});
