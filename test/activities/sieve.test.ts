import { describe, expect, test } from 'vitest';
import { shinglesOf } from '../../activities/diversity.ts';
import { emptySieve, sift, type Ask } from '../../activities/sieve.ts';
import type { Origin, Sieve } from '../../schemas/imagined.ts';

/** What a model answers to the nth ask of a cell. */
type Author = (cell: number, ask: number) => string[];

const words = ['barley', 'granite', 'lantern', 'harbour', 'velvet', 'thunder', 'orchard', 'mirror', 'pepper', 'saddle', 'anchor', 'whistle'];
/** Unlike texts for unlike numbers. */
const unlike = (n: number) => `${words[n % 12]} ${words[(n * 5 + 3) % 12]} ${n * 7919 + 13} ${words[(n * 7 + 1) % 12]}`;

/** Sifts to the end, answering what is wanted. */
function play(author: Author, cells: number, count: number, start: Sieve = emptySieve(cells)): { sieve: Sieve; asked: Ask[] } {
  const answers = new Map<string, Uint32Array[]>();
  const asked: Ask[] = [];
  for (let sieve = start; ; ) {
    const result = sift(sieve, { count, similarity: 0.6 }, (cell, ask) => answers.get(`${cell}.${ask}`));
    sieve = result.sieve;
    if (result.wanted.length === 0) return { sieve, asked };
    for (const { cell, ask } of result.wanted) {
      asked.push({ cell, ask });
      answers.set(`${cell}.${ask}`, author(cell, ask).map(shinglesOf));
    }
  }
}

/** The same, written the long way: a cell at a time, comparing with everything kept. */
function slow(author: Author, cells: number, count: number): Origin[] {
  const kept: { origin: Origin; text: string }[] = [];
  const pools = Array.from({ length: cells }, () => ({ asks: 0, rest: [] as { origin: Origin; text: string }[], fruitless: 0 }));
  const similar = (a: string, b: string) => {
    const [x, y] = [new Set(shinglesOf(a)), new Set(shinglesOf(b))];
    const both = [...x].filter((each) => y.has(each)).length;
    return both / (x.size + y.size - both) >= 0.6;
  };
  const dead = (pool: (typeof pools)[number]) => pool.fruitless === 3;
  for (let cell = 0; kept.length < count && !pools.every(dead); cell = (cell + 1) % cells) {
    const pool = pools[cell] as (typeof pools)[number];
    let found = false;
    while (!found && !dead(pool)) {
      if (pool.rest.length === 0) {
        pool.rest = author(cell, pool.asks).map((text, place) => ({ origin: [cell, pool.asks, place], text }));
        const fresh = pool.rest.some(({ text }, i) => ![...kept, ...pool.rest.slice(0, i)].some((other) => similar(other.text, text)));
        pool.asks += 1;
        pool.fruitless = fresh ? 0 : pool.fruitless + 1;
        if (!fresh) pool.rest = [];
      }
      for (let next = pool.rest.shift(); next !== undefined && !found; next = found ? undefined : pool.rest.shift()) {
        const { text } = next;
        if (kept.some((other) => similar(other.text, text))) continue;
        kept.push(next);
        found = true;
      }
    }
  }
  return kept.map(({ origin }) => origin);
}

describe('the sieve', () => {
  test('visits cells in turn and gives indexes in that order', () => {
    const { sieve, asked } = play((cell, ask) => [0, 1].map((i) => unlike(cell * 100 + ask * 10 + i)), 3, 7);
    expect(sieve.kept).toEqual([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 0, 1], [1, 0, 1], [2, 0, 1], [0, 1, 0]]);
    expect(asked).toEqual([{ cell: 0, ask: 0 }, { cell: 1, ask: 0 }, { cell: 2, ask: 0 }, { cell: 0, ask: 1 }]);
  });

  test('asks no cell that is not needed', () => {
    expect(play((cell) => [unlike(cell)], 50, 4).asked.map(({ cell }) => cell)).toEqual([0, 1, 2, 3]);
  });

  test('drops the later of two that resemble each other, and asks its cell for another', () => {
    const { sieve, asked } = play((cell, ask) => [cell === 1 && ask === 0 ? `${unlike(0)}!` : unlike(cell + 10 * ask)], 2, 2);
    expect(sieve).toMatchObject({ kept: [[0, 0, 0], [1, 1, 0]], nearDuplicates: 1 });
    expect(asked).toContainEqual({ cell: 1, ask: 1 });
  });

  test('gives a cell up after three asks in a row without anything new, and fills its place from the others', () => {
    const { sieve, asked } = play((cell, ask) => [cell === 0 ? 'always the same old story' : unlike(ask)], 2, 6);
    expect(sieve.kept.map(([cell]) => cell)).toEqual([0, 1, 1, 1, 1, 1]);
    expect(asked.filter(({ cell }) => cell === 0)).toHaveLength(4);
  });

  test('ends with fewer where every cell is given up, also where answers are empty', () => {
    expect(play((cell) => (cell === 0 ? [] : [unlike(cell)]), 3, 10).sieve.kept).toEqual([[1, 0, 0], [2, 0, 0]]);
    expect(play(() => [], 3, 10).sieve.kept).toEqual([]);
  });

  test('keeps the beginning of what a larger count keeps, and asks the beginning of what that asks', () => {
    const author: Author = (cell, ask) => [0, 1, 2].map((i) => unlike((cell * 17 + ask * 5 + i) % 40));
    const all = play(author, 5, 30);
    for (let count = 1; count < 30; count++) {
      const some = play(author, 5, count);
      expect(some.sieve.kept).toEqual(all.sieve.kept.slice(0, count));
      for (const ask of some.asked) expect(all.asked).toContainEqual(ask);
    }
  });

  test.each([3, 4, 5, 7, 11])('keeps what a slow sieve keeps, whatever resembles what (%i)', (step) => {
    const author: Author = (cell, ask) => Array.from({ length: 1 + ((cell + ask) % 3) }, (_, i) => unlike((cell * step + ask * 13 + i * i) % 31));
    for (const cells of [1, 2, 6]) expect(play(author, cells, 25).sieve.kept).toEqual(slow(author, cells, 25));
  });

  test('goes on from where it stands as if it had not been interrupted', () => {
    const author: Author = (cell, ask) => [unlike(cell + 10 * ask)];
    const answered = (cell: number, ask: number) => (cell === 0 && ask === 0 ? author(cell, ask).map(shinglesOf) : undefined);
    const { sieve } = sift(emptySieve(2), { count: 3, similarity: 0.6 }, answered);
    expect(sieve.kept).toEqual([[0, 0, 0]]);
    const whole = (cell: number, ask: number) => author(cell, ask).map(shinglesOf);
    expect(sift(structuredClone(sieve), { count: 3, similarity: 0.6 }, whole).sieve).toEqual(play(author, 2, 3).sieve);
  });
});
