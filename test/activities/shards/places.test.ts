import { describe, expect, it } from 'vitest';
import { Families, IndexPages } from '../../../activities/shards/places.ts';
import { SPLITS, type Split } from '../../../schemas/campaign.ts';
import { rngOf } from '../../../worlds/rng.ts';

describe('what verify keeps across pages', () => {
  it('tells of each index where it stood first, as a map would', () => {
    const rng = rngOf('indexes');
    const [pages, truth] = [new IndexPages(), new Map<number, number>()];
    for (let i = 0; i < 20_000; i++) {
      // far apart, out of order, at the ends of an int32, and many twice
      const index = [0, 65_535, 65_536, -1, -(2 ** 31), 2 ** 31 - 1][i] ?? Math.floor(rng() * 15_000) * 7 - 30_000;
      expect(pages.place(index, i)).toBe(truth.get(index) ?? null);
      if (!truth.has(index)) truth.set(index, i);
    }
  });

  it('tells of each family its first split and page, as a map would, while it grows', () => {
    const rng = rngOf('families');
    const [families, truth] = [new Families(), new Map<string, { split: Split; page: number }>()];
    for (let page = 0; page < 20_000; page++) {
      const root = `root ${Math.floor(rng() * 12_000)}`;
      const split = SPLITS[Math.floor(rng() * 3)] as Split;
      const first = truth.get(root) ?? { split, page };
      truth.set(root, first);
      expect(families.place(root, split, page)).toEqual(first);
    }
    expect(truth.size).toBeGreaterThan(8_000);
  });
});
