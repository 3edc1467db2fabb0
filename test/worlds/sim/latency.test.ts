import { expect, test } from 'vitest';
import { LatencyLaw } from '../../../schemas/law.ts';
import { latencyOf } from '../../../worlds/sim/latency.ts';

test('a lognormal latency has the median and spread of its law, and is the same for the same body and times', () => {
  const law = LatencyLaw.parse({ median: 1_000, sigma: 0.8 });
  const drawn = Array.from({ length: 4_000 }, (_, i) => latencyOf(`body ${i}`, 0, law));
  const logs = drawn.map(Math.log);
  const mean = logs.reduce((sum, each) => sum + each, 0) / logs.length;
  const sd = Math.sqrt(logs.reduce((sum, each) => sum + (each - mean) ** 2, 0) / logs.length);
  // four standard errors
  expect(Math.abs(mean - Math.log(1_000))).toBeLessThan((4 * 0.8) / Math.sqrt(4_000));
  expect(Math.abs(sd - 0.8)).toBeLessThan((4 * 0.8) / Math.sqrt(8_000));
  expect(drawn.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, i) => latencyOf(`body ${i}`, 0, law)));
  expect(latencyOf('body 0', 1, law)).not.toBe(drawn[0]);
  expect(latencyOf('body 0', 0, 20)).toBe(20);
});

test('a latency without a median, or a negative one, is no law', () => {
  for (const wrong of [{ sigma: 1 }, { median: 0, sigma: 1 }, -1]) expect(LatencyLaw.safeParse(wrong).success).toBe(false);
});
