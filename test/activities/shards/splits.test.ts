import { describe, expect, it } from 'vitest';
import { splitOf } from '../../../activities/shards/splits.ts';
import { sha256Hex } from '../../../schemas/canonical.ts';

const roots = Array.from({ length: 4000 }, (_, i) => sha256Hex(`root ${i}`));
const count = (shares: Parameters<typeof splitOf>[1], seed = 0) => {
  const counts = { train: 0, validation: 0, test: 0 };
  for (const root of roots) counts[splitOf(root, shares, seed)] += 1;
  return counts;
};

describe('splitOf', () => {
  it('gives each split its share, within four standard deviations', () => {
    const counts = count({ train: 0.9, validation: 0.05, test: 0.05 });
    for (const [split, share] of [['train', 0.9], ['validation', 0.05], ['test', 0.05]] as const) {
      expect(Math.abs(counts[split] - share * roots.length)).toBeLessThan(4 * Math.sqrt(share * (1 - share) * roots.length));
    }
  });

  it('follows the hash of seed and root, worked out by hand', () => {
    const point = Number.parseInt(sha256Hex('0 a').slice(0, 8), 16) / 2 ** 32;
    expect(splitOf('a', { train: point - 1e-6, validation: 1 - point, test: 1e-6 }, 0)).toBe('validation');
    expect(splitOf('a', { train: point + 1e-6, validation: 1 - point - 2e-6, test: 1e-6 }, 0)).toBe('train');
  });

  it('gives a split without a share nothing, even at the very end', () => {
    expect(count({ train: 1, validation: 0, test: 0 })).toEqual({ train: 4000, validation: 0, test: 0 });
    expect(count({ train: 0.3, validation: 0.7, test: 0 }).test).toBe(0);
    expect(count({ train: 0, validation: 0, test: 1 })).toEqual({ train: 0, validation: 0, test: 4000 });
  });

  it('depends on the seed', () => {
    const shares = { train: 0.5, validation: 0.25, test: 0.25 };
    expect(roots.some((root) => splitOf(root, shares, 0) !== splitOf(root, shares, 1))).toBe(true);
  });
});
