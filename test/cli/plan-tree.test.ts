import { expect, test } from 'vitest';
import { planTree } from '../../cli/plan-tree.ts';
import { walk } from '../../plans/tree.ts';
import type { Plan } from '../../schemas/plan.ts';
import { randomPlan, randomSituation, seeded } from '../plans/random-plan.ts';

const plan: Plan = {
  stance: 'palliate',
  stanceArgument: 'The storm is near.',
  nextId: 7,
  nodes: [
    { kind: 'state', id: 's0', level: 'hours', text: 'At the gate.' },
    {
      kind: 'action', id: 'n1', level: 'hours', text: 'Shelter.', success: 0.95, durationS: 5400,
      resources: [{ name: 'charge', amount: 3.5, unit: 'Wh' }, { name: 'cones', amount: 4, unit: '1' }],
      moralCost: [{ on: 'walkers', amount: 0.25, why: 'they wait' }],
      children: [
        { kind: 'action', id: 'n2', level: 'minutes', text: '', success: 1, durationS: 45, resources: [], moralCost: [], children: [] },
        { kind: 'state', id: 'n3', level: 'minutes', text: 'Under\nthe roof.' },
        { kind: 'action', id: 'n4', level: 'minutes', text: 'Wait.', success: 1, durationS: 3000, resources: [], moralCost: [], children: [] },
      ],
    },
    { kind: 'state', id: 'n5', level: 'hours', text: 'Dry.' },
    {
      kind: 'action', id: 'n6', level: 'hours', text: 'Go on.', success: 0.5, durationS: 0, resources: [], moralCost: [],
      children: [{ kind: 'state', id: 'n7', level: 'minutes', text: 'Out.' }],
    },
  ],
};

test('a plan is drawn with rails that end where its lists end', () => {
  expect(planTree(plan).split('\n')).toEqual([
    'stance: palliate - The storm is near.',
    '├─ s0 [hours] At the gate.',
    '├─ n1 [hours] -> Shelter. (success 0.95, 1.5 h, charge 3.5 Wh, cones 4, moral cost 0.25 on walkers: they wait)',
    '│  ├─ n2 [minutes] -> (placeholder) (success 1, 45 s)',
    '│  ├─ n3 [minutes] Under the roof.',
    '│  └─ n4 [minutes] -> Wait. (success 1, 50 min)',
    '├─ n5 [hours] Dry.',
    '└─ n6 [hours] -> Go on. (success 0.5, 0 s)',
    '   └─ n7 [minutes] Out.',
  ]);
});

test('long lines are folded between words, and the rails go on beside them', () => {
  expect(planTree(plan, 40).split('\n').slice(0, 10)).toEqual([
    'stance: palliate - The storm is near.',
    '├─ s0 [hours] At the gate.',
    '├─ n1 [hours] -> Shelter. (success',
    '│  │ 0.95, 1.5 h, charge 3.5 Wh, cones',
    '│  │ 4, moral cost 0.25 on walkers: they',
    '│  │ wait)',
    '│  ├─ n2 [minutes] -> (placeholder)',
    '│  │    (success 1, 45 s)',
    '│  ├─ n3 [minutes] Under the roof.',
    '│  └─ n4 [minutes] -> Wait. (success',
  ]);
});

test('every node of any plan stands on a line of its own, and folded lines say the same words', () => {
  for (let seed = 0; seed < 50; seed++) {
    const rng = seeded(seed);
    const random = randomPlan(rng, randomSituation(rng));
    const drawn = planTree(random);
    expect(drawn.split('\n').slice(1).map((line) => /^[│├└─ ]*(\S+) \[/.exec(line)?.[1])).toEqual([...walk(random)].map(({ node }) => node.id));
    const words = (text: string) => text.split(/[│├└─\s]+/).filter((word) => word !== '');
    const narrow = planTree(random, 60);
    expect(words(narrow)).toEqual(words(drawn));
    for (const line of narrow.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
  }
});
