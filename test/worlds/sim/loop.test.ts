import { describe, expect, test } from 'vitest';
import { WORLDS } from '../../../worlds/index.ts';
import { lawNamed } from './prompts.ts';
import { play, type LoopResult } from './loop.ts';

const SITUATIONS = 60;
/** Enough where the bound is far. */
const FEW = 20;
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
/** Mean value of the k-th version; a situation that has fewer keeps its last. */
const meanAt = (results: LoopResult[], k: number) => mean(results.map(({ values }) => values[Math.min(k, values.length - 1)] ?? Number.NaN));
const rise = (results: LoopResult[]) => meanAt(results, Number.POSITIVE_INFINITY) - meanAt(results, 0);
const converged = (results: LoopResult[]) => results.filter((result) => result.converged).length / results.length;

describe.each(Object.values(WORLDS))('the actor that the simulated model plays in the $name world', (world) => {
  const runs = (law: string, length = FEW): LoopResult[] => Array.from({ length }, (_, seed) => play(world, seed, lawNamed(law)));

  test('under the default law converges in 80 % of situations and more, not in all; the value rises from version to version', () => {
    const results = runs('default', SITUATIONS);
    console.log(`${world.name}, default: ${converged(results).toFixed(2)} converged; mean value by version ${[0, 1, 2, 4, 8, 99].map((k) => meanAt(results, k).toFixed(2)).join(', ')} of ${mean(results.map(({ best }) => best)).toFixed(2)}`);
    expect(converged(results)).toBeGreaterThanOrEqual(0.8);
    expect(converged(results)).toBeLessThan(1);
    for (const [earlier, later] of [[0, 1], [1, 2], [2, 4], [4, 8]] as const) expect(meanAt(results, later)).toBeGreaterThan(meanAt(results, earlier));
    expect(rise(results)).toBeGreaterThan(2);
    // what converged is nearly as good as the world's own plan
    const gaps = results.filter((result) => result.converged).map(({ best, values }) => best - (values.at(-1) ?? 0));
    // (sixty situations: the mean is known to about 0.12)
    expect(mean(gaps)).toBeLessThan(0.6);
  });

  test('with critics that see nothing brings no rise', () => {
    expect(rise(runs('no-detection'))).toBeLessThan(0.05);
  });

  test('with revisions that break things mostly does not converge', () => {
    expect(converged(runs('destructive'))).toBeLessThan(0.5);
  });

  test('with shuffled findings brings no rise', () => {
    expect(rise(runs('shuffled'))).toBeLessThan(0.05);
  });

  test('plays the same again', () => {
    expect(play(world, 5, lawNamed('default'))).toEqual(play(world, 5, lawNamed('default')));
  });
});
