import { expect, test } from 'vitest';
import { sectionsOf } from '../../../infra/library/sections.ts';

const names = (text: string, plain = false) => sectionsOf(text, plain).map(({ name }) => name);
const whole = (text: string, plain = false) => sectionsOf(text, plain).map(({ from, to }) => text.slice(from, to)).join('');

test('Markdown is divided at headings of the first two levels, without a gap', () => {
  const text = 'preface\n\n# One\n\na\n\n### deeper\n\n## **Two** [link](x) ##\n\nb\n';
  expect(names(text)).toEqual([null, 'One', 'Two link']);
  expect(whole(text)).toBe(text);
});

test('what stands in a fence is no heading', () => {
  expect(names('# One\n\n```sh\n# comment\n```\n\n~~~\n# other\n```\n# still\n~~~\n\n## Two\n\nb\n')).toEqual(['One', 'Two']);
});

test('a heading with nothing under it goes with what follows, or with what went before at the end', () => {
  const text = '# Book\n\n# Part\n\n## One\n\na\n\n## Two\n\nb\n\n## Index\n';
  expect(sectionsOf(text, false).map(({ name, from, to }) => [name, text.slice(from, to)])).toEqual([
    ['One', '# Book\n\n# Part\n\n## One\n\na\n\n'],
    ['Two', '## Two\n\nb\n\n## Index\n'],
  ]);
  expect(names('# Only a title\n')).toEqual(['Only a title']);
});

test('plain text is divided at lines that name a chapter, with the title below them', () => {
  const text = 'A BOOK\n\nCHAPTER I.\n\nThe Ford\n\nwords\n\nChapter 2: The Bank\n\nwords\nChapter 3 is not one\n\nChapter 4 tells of things\nin a paragraph.\n\nchapter five\n\nwords and words and words and words and words and words and words\n';
  expect(names(text, true)).toEqual([null, 'CHAPTER I. The Ford', 'Chapter 2: The Bank', 'chapter five']);
  expect(whole(text, true)).toBe(text);
});

test('a number sign in plain text is no heading', () => {
  expect(names('# one\n\nwords\n', true)).toEqual([null]);
});

test('Markdown without headings is divided like plain text', () => {
  expect(names('### small\n\nChapter 1\n\nwords\n')).toEqual([null, 'Chapter 1']);
});

test('very long headings are shortened', () => {
  const [name] = names(`# ${'word '.repeat(40)}\n\na\n`);
  expect([...(name as string)].length).toBeLessThanOrEqual(80);
  expect(name).toMatch(/…$/);
});

test('a long text is divided in time that grows with its length', () => {
  const text = `${'words and words\n'.repeat(200_000)}# End\n\na\n`;
  const began = performance.now();
  expect(names(text)).toEqual([null, 'End']);
  expect(performance.now() - began).toBeLessThan(3_000);
});
