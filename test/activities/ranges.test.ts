import { describe, expect, test } from 'vitest';
import { formatRanges, formatTries, LONGEST_TRIES, membersWithin, parseRanges, parseTries, triesInPieces, type Tried } from '../../activities/ranges.ts';

test.each([
  ['', []],
  ['0', [0]],
  ['0-3', [0, 1, 2, 3]],
  ['0-1,5,7-9', [0, 1, 5, 7, 8, 9]],
])('"%s" stands for %j, both ways', (text, numbers) => {
  expect(formatRanges(numbers)).toBe(text);
  expect(parseRanges(text)).toEqual(numbers);
});

describe('tries in pieces', () => {
  const everySecond = Array.from({ length: 10_000 }, (_, i): Tried => ({ index: 2 * i, try: i % 3 }));

  test('hold every try once, and are no longer than an event may be', () => {
    expect(formatTries(everySecond).length).toBeGreaterThan(50_000);
    const pieces = triesInPieces(formatTries(everySecond));
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(LONGEST_TRIES);
    expect(formatTries(pieces.flatMap(parseTries))).toBe(formatTries(everySecond));
    expect(pieces.length).toBeLessThan(20);
  });

  test('are one where it fits, the same text as without', () => {
    const few = '0:0-15,17;1:16;2:3,5';
    expect(triesInPieces(few)).toEqual([few]);
    expect(triesInPieces('')).toEqual([]);
    expect(triesInPieces(few, 8)).toEqual(['0:0-15', '0:17', '1:16;2:3', '2:5']);
  });
});

test('members beyond the room are left out, whole lists at a time', () => {
  expect(membersWithin([{ members: '0:1-4', n: 1 }, { members: '0:5,7,9', n: 2 }, { members: '1:8', n: 3 }], 9)).toEqual([{ members: '0:1-4', n: 1 }, { members: '', n: 2 }, { members: '1:8', n: 3 }]);
});
