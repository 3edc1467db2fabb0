import { describe, expect, test } from 'vitest';
import { planNodes, planText } from '../../plans/text.ts';
import { NodeRow } from '../../schemas/rows.ts';
import type { Plan } from '../../schemas/plan.ts';
import { randomPlan, randomSituation, seeded } from './random-plan.ts';

const plan: Plan = {
  stance: 'palliate',
  stanceArgument: 'The storm\n  is near.',
  nextId: 5,
  nodes: [
    { kind: 'state', id: 's0', level: 'hours', text: 'At the gate.' },
    {
      kind: 'action', id: 'n1', level: 'hours', text: 'Shelter.', success: 0.95, durationS: 5400,
      resources: [{ name: 'charge', amount: 3.5, unit: 'Wh' }, { name: 'cones', amount: 4, unit: '1' }],
      moralCost: [{ on: 'walkers', amount: 0.25, why: 'they wait' }, { on: 'birds', amount: 0.5, why: '' }],
      children: [
        { kind: 'action', id: 'n2', level: 'minutes', text: '', success: 1, durationS: 0, resources: [], moralCost: [], children: [] },
        { kind: 'state', id: 'n3', level: 'minutes', text: 'Under the roof.' },
        { kind: 'action', id: 'n4', level: 'minutes', text: 'Wait.', success: 1, durationS: 5000, resources: [], moralCost: [], children: [] },
      ],
    },
    { kind: 'state', id: 'g', level: 'hours', text: 'Dry.' },
  ],
};

describe('planText', () => {
  test('puts the stance first and every node on a line of its own, indented by depth', () => {
    expect(planText(plan).split('\n')).toEqual([
      'stance: palliate - The storm is near.',
      's0 [hours] At the gate.',
      'n1 [hours] -> Shelter. (success 0.95, 5400 s, charge 3.5 Wh, cones 4, moral cost 0.25 on walkers: they wait, moral cost 0.5 on birds)',
      '  n2 [minutes] -> (placeholder) (success 1, 0 s)',
      '  n3 [minutes] Under the roof.',
      '  n4 [minutes] -> Wait. (success 1, 5000 s)',
      'g [hours] Dry.',
    ]);
  });
});

describe('planNodes', () => {
  test('gives rows in pre-order, with numbers for actions alone', () => {
    expect(planNodes(plan).map((row) => Object.values(row))).toEqual([
      ['s0', 'state', 'hours', '', 0, 'At the gate.', null, null, null],
      ['n1', 'action', 'hours', '', 1, 'Shelter.', 0.95, 5400, 0.75],
      ['n2', 'action', 'minutes', 'n1', 0, '', 1, 0, 0],
      ['n3', 'state', 'minutes', 'n1', 1, 'Under the roof.', null, null, null],
      ['n4', 'action', 'minutes', 'n1', 2, 'Wait.', 1, 5000, 0],
      ['g', 'state', 'hours', '', 2, 'Dry.', null, null, null],
    ]);
  });

  test('fits the columns of the data table for any plan', () => {
    for (let seed = 0; seed < 50; seed++) {
      const rng = seeded(seed);
      for (const row of planNodes(randomPlan(rng, randomSituation(rng)))) expect(NodeRow.parse(row)).toEqual(row);
    }
  });
});
