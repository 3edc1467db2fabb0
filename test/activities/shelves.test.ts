import { expect, test } from 'vitest';
import { nameOnShelf, shelfOf } from '../../activities/shelves.ts';
import type { ChapterRef } from '../../schemas/library.ts';

const chapters = (...tokens: number[]) => tokens.map((count, i): ChapterRef => ({ textbook: `t${i}`, title: '', chapter: 'whole', sha256: '0'.repeat(64), chars: 1, tokens: count, counted: true }));
const shelf = (list: ChapterRef[], i: number) => shelfOf(list, list[i] as ChapterRef).map(({ textbook }) => Number(textbook.slice(1)));

test('a chapter that is long enough to be cached stands alone', () => {
  const list = chapters(20_000, 4_000, 3_296);
  expect([0, 1, 2].map((i) => shelf(list, i))).toEqual([[0], [1], [2]]);
  expect(nameOnShelf(list, list[0] as ChapterRef)).toBeNull();
});

test('short chapters stand together until they are long enough, and long ones between them stay apart', () => {
  const list = chapters(1_000, 9_000, 1_500, 1_000, 2_000, 1_500);
  expect([0, 1, 2, 3, 4, 5].map((i) => shelf(list, i))).toEqual([[0, 2, 3], [1], [0, 2, 3], [0, 2, 3], [4, 5], [4, 5]]);
  expect(nameOnShelf(list, list[2] as ChapterRef)).toEqual({ textbook: 't2', name: 'whole' });
});

test('the rest joins the last shelf, or stands together where there is none', () => {
  expect(shelf(chapters(2_000, 2_000, 500), 2)).toEqual([0, 1, 2]);
  expect(shelf(chapters(500, 700), 0)).toEqual([0, 1]);
});

test('chapters that nobody counted stand alone', () => {
  expect(shelf(chapters(0, 0), 1)).toEqual([1]);
});
