import { describe, expect, test } from 'vitest';
import { checkPlan } from '../../plans/check.ts';
import { applyEdits } from '../../plans/edits.ts';
import { isMaterial } from '../../plans/material.ts';
import type { Plan } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import { WORLDS } from '../../worlds/index.ts';
import { rngOf } from '../../worlds/rng.ts';
import { mendAll } from './mend-all.ts';

const seeds = (count: number) => Array.from({ length: count }, (_, seed) => seed);

describe.each(Object.values(WORLDS))('spoiling in $name', (world) => {
  const logReward = (situation: SituationContent, plan: Plan) => world.value(situation, plan).logReward;

  test('plants flaws of all six classes, each of which lowers the value and is found by inspection', () => {
    const kinds = new Set<string>();
    for (const seed of seeds(250)) {
      const situation = world.situation(seed);
      const plan = world.exemplary(situation);
      const spoiled = applyEdits(plan, world.worsen(situation, plan, rngOf(`one/${seed}`)));
      const flaws = world.inspect(situation, spoiled);
      expect(flaws.length).toBeGreaterThan(0);
      expect(logReward(situation, plan) - logReward(situation, spoiled)).toBeGreaterThan(0.05);
      kinds.add(flaws[0]?.class ?? '');
    }
    expect([...kinds].sort()).toEqual([...world.flawClasses].sort());
  });

  test('gives a sound plan that is worse than the exemplary one, at every rate; mending all that is found gives its value back', () => {
    for (const seed of seeds(150)) {
      const situation = world.situation(seed);
      const exemplary = world.exemplary(situation);
      const best = logReward(situation, exemplary);
      for (const rate of [0.3, 0.6, 1]) {
        const spoiled = world.spoil(situation, exemplary, rate, rngOf(`${seed}/${rate}`));
        expect(checkPlan(spoiled, situation)).toEqual([]);
        if (isMaterial(exemplary, spoiled, 0.05)) expect(logReward(situation, spoiled)).toBeLessThan(best - 0.05);
        const { plan, rounds } = mendAll(world, situation, spoiled);
        expect(rounds).toBeLessThan(5);
        expect(checkPlan(plan, situation)).toEqual([]);
        expect(logReward(situation, plan)).toBeGreaterThan(best - 0.005);
      }
    }
  });

  test('at rate 0 changes nothing', () => {
    const situation = world.situation(1);
    const plan = world.exemplary(situation);
    expect(world.spoil(situation, plan, 0, rngOf('none'))).toEqual(plan);
  });
});
