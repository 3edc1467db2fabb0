import type { LatencyLaw } from '../../schemas/law.ts';
import { rngOf } from '../rng.ts';

/** Milliseconds before the first byte of an answer to a body that was seen `times` times before. */
export function latencyOf(bodyHash: string, times: number, law: LatencyLaw): number {
  if (typeof law === 'number') return law;
  const rng = rngOf(`latency/${bodyHash}/${times}`);
  // Box and Muller; 1 - u keeps the logarithm finite
  const normal = Math.sqrt(-2 * Math.log(1 - rng())) * Math.cos(2 * Math.PI * rng());
  return law.median * Math.exp(law.sigma * normal);
}
