import { expect, test } from 'vitest';
import { sentencesOf } from '../../../activities/hazards/plain-text.ts';

const first = (text: string) => sentencesOf(text)[0];
const second = (text: string) => sentencesOf(text)[1];

test('sentences are lower-case words, a comma being one of them', () => {
  expect(first('The Rover, at last, has arrived! It rests: all is well.\n\nGood')).toEqual(['the rover , at last , has arrived', 'it rests', 'all is well', 'good']);
});

test.each([
  ['zero-width characters and soft hyphens', 'hu\u200bma\u00adni\u2060ty'],
  ['Cyrillic and Greek lookalikes', 'hum\u0430n\u0456\u03c4y'],
  ['full-width letters', 'ｈｕｍａｎｉｔｙ'],
  ['mathematical letters', '𝐡𝐮𝐦𝐚𝐧𝐢𝐭𝐲'],
  ['accents', 'hümánïty'],
  ['digits for letters', 'hum4n1ty'],
  ['letters apart', 'h u m a n i t y'],
  ['hyphens between letters', 'h-u-m-a-n-i-t-y'],
  ['dots between letters', 'h.u.m.a.n.i.t.y'],
  ['mixed case', 'hUmAnItY'],
])('%s are undone', (_, text) => {
  expect(first(text)).toEqual(['humanity']);
});

test('a hyphen parts words in one reading and joins them in the other', () => {
  expect([first('man-made'), second('man-made')]).toEqual([['man made'], ['manmade']]);
  expect(second('exter-\nminate')).toEqual(['exterminate']);
});

test('numbers stay numbers', () => {
  expect(first('In 1995 they were 13.')).toEqual(['in 1995 they were 13']);
});

test('contractions are negations', () => {
  expect(first("It doesn't, they won\u2019t.")).toEqual(['it does not , they wo not']);
});

test('a sentence without end is cut into overlapping pieces that hold every run of thirty words', () => {
  const letters = 'bcdfghjklm';
  const words = Array.from({ length: 500 }, (_, i) => [...String(i)].map((digit) => letters[Number(digit)]).join('').padEnd(3, 'z'));
  const pieces = first(words.join(' ')) as string[];
  for (let i = 0; i + 30 <= words.length; i++) expect(pieces.some((piece) => piece.includes(words.slice(i, i + 30).join(' ')))).toBe(true);
  expect(Math.max(...pieces.map((piece) => piece.split(' ').length))).toBeLessThanOrEqual(80);
});
