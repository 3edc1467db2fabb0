import { expect, test } from 'vitest';
import { isQuoted } from '../../activities/quotes.ts';

const CHAPTER = `# Promises

A promise *binds* the one who gave it – and "frees" the one who
got it. Whoever cannot keep a promise asks for release before
the time comes; afterwards it is too late.

- Ask early.
`;

test.each([
  ['the words as they stand', 'Whoever cannot keep a promise asks for release'],
  ['across a line break', 'asks for release before the time comes'],
  ['without the marks of emphasis, with another dash and other quotation marks', 'A promise binds the one who gave it - and “frees” the one'],
  ['with words left out', 'A promise binds the one who gave it ... asks for release before the time comes'],
  ['with words left out in brackets', 'Whoever cannot keep a promise […] afterwards it is too late'],
  ['in quotation marks of its own', '"afterwards it is too late"'],
  ['in other case', 'afterwards It Is Too Late'],
])('a quote is found: %s', (_, quote) => {
  expect(isQuoted(quote, CHAPTER)).toBe(true);
});

test.each([
  ['nothing', ''],
  ['dots alone', '...'],
  ['a word too short to be a quote', 'early'],
  ['a paraphrase', 'If you cannot keep a promise, ask to be released'],
  ['words of the text in another order', 'afterwards it is too late ... A promise binds the one who gave it'],
  ['a true beginning with an invented end', 'A promise binds the one who gave it ... and nobody else may judge it'],
])('no quote is found in %s', (_, quote) => {
  expect(isQuoted(quote, CHAPTER)).toBe(false);
});
