import { sha256Hex } from '../schemas/canonical.ts';
import type { Rng } from './world.ts';

/** A stream of uniform numbers in [0, 1) that the seed determines (sfc32, seeded by sha256 of the text). */
export function rngOf(seed: string): Rng {
  const hex = sha256Hex(seed);
  const word = (i: number) => Number.parseInt(hex.slice(8 * i, 8 * i + 8), 16) | 0;
  let [a, b, c, d] = [word(0), word(1), word(2), word(3)];
  return () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
}

/** @throws RangeError for an empty list. */
export function pick<T>(list: readonly T[], rng: Rng): T {
  if (list.length === 0) throw new RangeError('nothing to pick from');
  return list[Math.floor(rng() * list.length)] as T;
}

/** Whole number between `low` and `high`, both inclusive, in steps of `step` from `low`. */
export function between(low: number, high: number, rng: Rng, step = 1): number {
  return low + step * Math.floor(rng() * (Math.floor((high - low) / step) + 1));
}

/** The list in a random order. */
export function shuffled<T>(list: readonly T[], rng: Rng): T[] {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(rng() * (i + 1));
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}
