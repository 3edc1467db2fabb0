import { describe, expect, test } from 'vitest';
import { checkExplanation, checkPlan } from '../../plans/check.ts';
import type { ActionNode, Argument, Explanation, Plan } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';

const situation: SituationContent = {
  task: 'plan', agent: 'rover', horizon: ['minutes', 'hours', 'days'], initial: 'At the gate.', target: 'At the mast.', parent: null, world: null,
};

function action(id: string, level: ActionNode['level'], children: Plan['nodes'] = []): ActionNode {
  return { kind: 'action', id, level, text: 'Walk.', success: 1, durationS: 0, resources: [{ name: 'water', amount: 0, unit: 'L' }], moralCost: [{ on: 'birds', amount: 1, why: '' }], children };
}

function soundPlan() {
  const sub: [ActionNode, Plan['nodes'][0], ActionNode] = [action('n2', 'hours'), { kind: 'state', id: 'n3', level: 'hours', text: 'Half way.' }, action('n4', 'hours')];
  const go = action('n1', 'days', sub);
  const nodes: Plan['nodes'] = [{ kind: 'state', id: 's0', level: 'days', text: 'At the gate.' }, go, { kind: 'state', id: 'g', level: 'days', text: 'At the mast.' }];
  const plan: Plan = { stance: 'pursue', stanceArgument: '', nodes, nextId: 5 };
  return { plan, go, sub };
}

describe('checkPlan', () => {
  test('finds nothing in a sound plan with values on their bounds', () => {
    expect(checkPlan(soundPlan().plan, situation)).toEqual([]);
  });

  test.each<[string, (sound: ReturnType<typeof soundPlan>) => void, string[]]>([
    ['a success above 1', ({ go }) => (go.success = 1.01), ['n1: success: ']],
    ['a success that is no number', ({ go }) => (go.success = NaN), ['n1: success: ']],
    ['a negative duration', ({ go }) => (go.durationS = -1), ['n1: durationS: ']],
    ['an endless duration', ({ go }) => (go.durationS = Infinity), ['n1: durationS: ']],
    ['a negative amount deep in the tree', ({ sub }) => (sub[2].resources[0]!.amount = -0.1), ['n4: resources.0.amount: ']],
    ['an unknown unit', ({ go }) => (go.resources[0]!.unit = 'furlong' as 'm'), ['n1: resources.0.unit: ']],
    ['a moral cost above 1', ({ go }) => (go.moralCost[0]!.amount = 1.2), ['n1: moralCost.0.amount: ']],
    ['a moral cost on nobody', ({ go }) => (go.moralCost[0]!.on = ''), ['n1: moralCost.0.on: ']],
    ['a top list outside the horizon', ({ plan, go }) => void (go.children = [], plan.nodes.forEach((node) => (node.level = 'weeks'))), ['s0: its level weeks is outside the horizon; the top list must be at one of minutes, hours, days']],
    ['mixed levels at the top', ({ plan }) => (plan.nodes[2]!.level = 'hours'), ['g: its level is hours; it must be days']],
    ['a sub-plan two levels finer', ({ sub }) => sub.forEach((node) => (node.level = 'minutes')), ['n2: its level', 'n3: its level', 'n4: its level']],
    ['a sub-plan of a single action', ({ go, sub }) => (go.children = [sub[0]]), ['the sub-plan of n1: has 1 nodes']],
    ['a sub-plan that ends in a state', ({ go, sub }) => (go.children = [...sub, { ...sub[1], id: 'n5' }]), ['the sub-plan of n1: ends with the state n5', 'n5: is not an id that was given out']],
    ['an id given out twice', ({ sub }) => (sub[2].id = 'n2'), ['n2: two nodes have this id']],
    ['an id not yet given out', ({ plan }) => (plan.nextId = 4), ['n4: is not an id that was given out; ids are s0, g and n1 to n3']],
    ['a foreign id', ({ sub }) => (sub[0].id = 'x'), ['x: is not an id that was given out']],
    ['the id g inside a sub-plan', ({ sub }) => (sub[1].id = 'g'), ['g: this id belongs to the last state', 'g: two nodes have this id']],
    ['a first state that is not s0', ({ plan }) => ((plan.nodes[0]!.id = 'n5'), (plan.nextId = 6)), ['n5: the first state must have the id s0']],
    ['a last state that is not g', ({ plan }) => ((plan.nodes[2]!.id = 'n5'), (plan.nextId = 6)), ['n5: the last state must have the id g']],
    ['another initial state', ({ plan }) => (plan.nodes[0]!.text = 'Lost.'), ["s0: the first state's text must be the situation's initial state: \"At the gate.\""]],
    ['a pursued plan that misses the target', ({ plan }) => (plan.nodes[2]!.text = 'Lost.'), ['g: under the stance pursue']],
    ['a palliative without its argument', ({ plan }) => (plan.stance = 'palliate'), ['stanceArgument: is empty; the stance palliate needs an argument']],
    ['a plan that ends in an action', ({ plan }) => plan.nodes.push(action('n5', 'days')), ['the top list: ends with the action n5', 'n5: is not an id', 'g: this id belongs']],
  ])('reports %s and nothing else', (_, spoil, expected) => {
    const sound = soundPlan();
    spoil(sound);
    const faults = checkPlan(sound.plan, situation);
    expect(faults.every((fault) => !fault.includes('\n'))).toBe(true);
    expect(faults).toHaveLength(expected.length);
    for (const start of expected) expect(faults.filter((fault) => fault.startsWith(start)), start).toHaveLength(1);
  });

  test('lets a plan that declines or palliates end elsewhere than at the target', () => {
    const { plan } = soundPlan();
    plan.nodes[2] = { kind: 'state', id: 'g', level: 'days', text: 'At home.' };
    for (const stance of ['decline', 'palliate'] as const) {
      expect(checkPlan({ ...plan, stance, stanceArgument: 'The storm would kill.' }, situation)).toEqual([]);
    }
  });

  test('wants no target node where the situation has no target, whatever the stance', () => {
    const { plan } = soundPlan();
    const open = { ...situation, target: null };
    expect(checkPlan(plan, open)).toEqual(['g: the situation has no target, so no node may have the id g']);
    plan.nodes[2]!.id = 'n5';
    expect(checkPlan({ ...plan, nextId: 6 }, open)).toEqual([]);
  });

  test('refuses a sub-plan below the finest level of the horizon, once for the whole sub-plan', () => {
    expect(checkPlan(soundPlan().plan, { ...situation, horizon: ['days', 'weeks'] })).toEqual([
      'n1: has a sub-plan, but days is the finest level allowed; remove the sub-plan',
    ]);
    expect(checkPlan(soundPlan().plan, { ...situation, horizon: ['minutes'] })).toEqual([
      's0: its level days is outside the horizon; the top list must be at one of minutes',
    ]);
  });
});

describe('checkExplanation', () => {
  const { plan } = soundPlan();
  const explain = (...list: [string, string[], string[]?][]): Explanation => ({
    text: 'Because.',
    arguments: list.map(([claim, premises, supports = []]): Argument => ({ claim, premises, supports })),
  });

  test('accepts claims that rest on each other without a circle, and nodes anywhere in the tree', () => {
    expect(checkExplanation(explain(['A', ['B', 'C'], ['s0', 'n3', 'g']], ['B', ['C']], ['C', ['fact']], ['B', ['other fact']]), plan)).toEqual([]);
  });

  test.each<[string, Explanation, RegExp[]]>([
    ['a claim that is its own premise', explain(['A', ['fact', ' A ']]), [/arguments\[0\]: the claim "A" is its own premise/]],
    ['a circle of three, shown once', explain(['X', ['A']], ['A', ['B']], ['B', ['fact', 'C']], ['C', ['A']]), [/"A" rests on "B" rests on "C" rests on "A"/]],
    ['two circles apart', explain(['A', ['B']], ['B', ['A']], ['C', ['D']], ['D', ['C']]), [/"A" rests on "B"/, /"C" rests on "D"/]],
    ['a circle through a second argument for the same claim', explain(['A', ['fact']], ['A', ['B']], ['B', ['A']]), [/"A" rests on "B" rests on "A"/]],
    ['a node that is not in the plan', explain(['A', ['B'], ['n9']]), [/arguments\[0\]\.supports: "n9" is not a node/]],
    ['no text', { ...explain(['A', ['B']]), text: ' ' }, [/explanation\.text: is empty/]],
    ['no arguments', explain(), [/explanation\.arguments: is empty/]],
    ['an empty claim and no premises', explain(['', []]), [/\[0\]\.claim: is empty/, /\[0\]\.premises: is empty/]],
    ['an empty premise', explain(['A', ['']]), [/\[0\]\.premises: one is empty/]],
  ])('reports %s', (_, explanation, expected) => {
    const faults = checkExplanation(explanation, plan);
    expect(faults).toHaveLength(expected.length);
    for (const [i, pattern] of expected.entries()) expect(faults[i]).toMatch(pattern);
  });
});
