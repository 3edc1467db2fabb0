import { describe, expect, test } from 'vitest';
import { planDiff } from '../../plans/diff.ts';
import { applyEdits } from '../../plans/edits.ts';
import { planText } from '../../plans/text.ts';
import { edit, randomPlan, randomSituation, seeded } from './random-plan.ts';

describe('planDiff', () => {
  test('holds exactly the lines of both plans, each in its order', () => {
    for (let seed = 0; seed < 100; seed++) {
      const rng = seeded(seed);
      const situation = randomSituation(rng);
      const [a, b] = [randomPlan(rng, situation), randomPlan(rng, situation)];
      const diff = planDiff(a, b);
      const lines = (without: string): string => diff.filter(({ sign }) => sign !== without).map(({ line }) => line).join('\n');
      expect(lines('+')).toBe(planText(a));
      expect(lines('-')).toBe(planText(b));
    }
  });

  test('shows a changed text as one line out and one line in', () => {
    const rng = seeded(1);
    const a = randomPlan(rng, { ...randomSituation(rng), horizon: ['hours'] });
    const id = a.nodes[1]!.id;
    const changed = planDiff(a, applyEdits(a, [edit('label', id, { text: 'Dance.' })])).filter(({ sign }) => sign !== ' ');
    expect(changed.map(({ sign }) => sign)).toEqual(['-', '+']);
    expect(changed[1]?.line).toContain(`${id} [hours] -> Dance.`);
    expect(planDiff(a, a).every(({ sign }) => sign === ' ')).toBe(true);
  });
});
