import { expect, test } from 'vitest';
import { formatRanges, parseRanges } from '../../activities/ranges.ts';

test.each([
  ['', []],
  ['0', [0]],
  ['0-3', [0, 1, 2, 3]],
  ['0-1,5,7-9', [0, 1, 5, 7, 8, 9]],
])('"%s" stands for %j, both ways', (text, numbers) => {
  expect(formatRanges(numbers)).toBe(text);
  expect(parseRanges(text)).toEqual(numbers);
});
