import { describe, expect, test } from 'vitest';
import { relief } from '../../../worlds/relief/index.ts';
import { rngOf } from '../../../worlds/rng.ts';
import { sceneOf } from '../../../worlds/relief/scene.ts';
import { misstatements } from '../../../worlds/domain/claims.ts';
import { applyEdits } from '../../../plans/edits.ts';
import { after, deedOf } from '../../../worlds/domain/mends.ts';
import { leavesOf } from '../../../worlds/domain/leaves.ts';
import type { Plan } from '../../../schemas/plan.ts';
import type { SituationContent } from '../../../schemas/situation.ts';
import { simulate, type Run } from './monte-carlo.ts';

const RUNS = 2_000;

function mean(values: number[]): { mean: number; error: number } {
  const average = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - average) ** 2, 0) / (values.length - 1);
  return { mean: average, error: Math.sqrt(variance / values.length) };
}

function expectWithin(exact: number, sampled: number[]): void {
  const { mean: average, error } = mean(sampled);
  expect(Math.abs(exact - average)).toBeLessThanOrEqual(4 * error + 1e-9);
}

/** Plans good and bad: the exemplary one of each seed, two spoiled ones, and one whose every action is tried twice. */
function* plans(seeds: number): Generator<{ situation: SituationContent; plan: Plan }> {
  for (let seed = 0; seed < seeds; seed++) {
    const situation = relief.situation(seed);
    const plan = relief.exemplary(situation);
    yield { situation, plan };
    for (const rate of [0.25, 0.7]) yield { situation, plan: relief.spoil(situation, plan, rate, rngOf(`value/${seed}/${rate}`)) };
    const twice = leavesOf(sceneOf(situation), plan).flatMap((leaf) => (leaf.operator ? after(leaf, deedOf(leaf.operator, leaf.node.id)) : []));
    yield { situation, plan: applyEdits(plan, twice) };
  }
}

describe('the exact value', () => {
  test('agrees with a simulation by dice within four standard errors, for good and for spoiled plans', () => {
    const rng = rngOf('dice');
    for (const { situation, plan } of plans(40)) {
      const scene = sceneOf(situation);
      const runs = simulate(situation, plan, RUNS, rng);
      const exact = relief.value(situation, plan);
      const goal = scene.draw.mission === 'repair' ? 'running' : 'delivered';
      expectWithin(exact.success, runs.map(({ facts }) => (facts.has(goal) ? 1 : 0)));
      expectWithin(exact.harm, runs.map(({ harm }) => harm));
      expectWithin(exact.durationS, runs.map(({ durationS }) => durationS));
    }
  });

  test('is the documented function of chances, harm, overruns and misstated figures', () => {
    const rng = rngOf('reward');
    for (const { situation, plan } of plans(25)) {
      const scene = sceneOf(situation);
      const runs = simulate(situation, plan, RUNS, rng);
      const share = (fact: string) => runs.filter(({ facts }) => facts.has(fact)).length / RUNS;
      const average = (of: (run: Run) => number) => mean(runs.map(of)).mean;
      const good = {
        pursue: share(scene.draw.mission === 'repair' ? 'running' : 'delivered'),
        palliate: 0.45 * (0.8 * share('eased') + 0.2 * share('requested')),
        decline: 0.12 * (0.4 + 0.3 * share('reported') + 0.3 * share('requested')),
      }[plan.stance];
      const late = Math.max(0, average((run) => run.durationS) / scene.deadlineS - 1);
      const drained = Math.max(0, average((run) => run.usedWh) / scene.energyBudgetWh - 1);
      const shortfall = average((run) => run.shortfallWh) / scene.reserveWh;
      const claims = leavesOf(scene, plan).flatMap(({ operator, node }) => (operator ? misstatements(operator, node) : []));
      const excess = claims.reduce((total, each) => total + each.excess, 0);
      const reward = (0.01 + 0.99 * good) * Math.exp(-3 * average((run) => run.harm) - 2 * late - 2 * drained - shortfall - excess / 4);
      // the sampled chances are off by a few per cent
      expect(Math.abs(relief.value(situation, plan).logReward - Math.log(reward))).toBeLessThan(0.15);
    }
  });

  test('reads an action whatever its case and white space, and lets an unknown one pass with its time', () => {
    const situation = relief.situation(3);
    const plan = relief.exemplary(situation);
    const shouted = structuredClone(plan);
    for (const node of shouted.nodes) if (node.kind === 'action') node.text = ` ${node.text.toUpperCase().replace('.', '')}  `;
    expect(relief.value(situation, shouted)).toEqual(relief.value(situation, plan));

    const idle = structuredClone(plan);
    const [start] = idle.nodes;
    idle.nodes.splice(1, 0, { kind: 'action', id: 'n98', level: 'days', text: 'Hum a song.', success: 1, durationS: 60, resources: [], moralCost: [], children: [] }, { ...start, kind: 'state', id: 'n99', level: 'days', text: 'A song was hummed.' });
    expect(relief.value(situation, idle).durationS).toBe(relief.value(situation, plan).durationS + 60);
    expect(relief.value(situation, idle).success).toBe(relief.value(situation, plan).success);
  });
});
