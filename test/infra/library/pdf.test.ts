import { expect, test } from 'vitest';
import { pdfText } from '../../../infra/library/pdf.ts';
import { pdf, prose, wrapped } from './books.ts';

test('lines become paragraphs, divided words are put together, and sentences go on over the page', async () => {
  const book = pdf([['The first para-', 'graph has (two) lines.', '', 'The second runs', 'over to'], ['the next page.', '', '# no heading']]);
  expect(await pdfText('a.pdf', book)).toBe('The first paragraph has (two) lines.\n\nThe second runs over to the next page.\n\n\\# no heading\n');
});

test('the outline gives the headings, at the line where each points', async () => {
  const book = pdf([['1 Debts', 'owed.', '', 'Promises', 'kept.'], ['At the top.']], [{ title: '1 Debts', page: 0, line: 0 }, { title: 'Promises', page: 0, line: 3 }, { title: 'Later', page: 1 }]);
  expect(await pdfText('a.pdf', book)).toBe('# 1 Debts\n\nowed.\n\n# Promises\n\nkept.\n\n# Later\n\nAt the top.\n');
});

test('a heading is found though its entry points below it, and is not said twice', async () => {
  const book = pdf([['before.', '', '1.2. Promises', '', 'kept.', 'further.']], [{ title: 'Promises', page: 0, line: 4 }]);
  expect(await pdfText('a.pdf', book)).toBe('before.\n\n# Promises\n\nkept. further.\n');
});

test('page numbers and running heads are left out, the same words inside a page are not', async () => {
  const pages = Array.from({ length: 6 }, (_, i) => [`A Book of Plans ${i + 1}`, '', `Page ${['one', 'two', 'three', 'four', 'five', 'six'][i]}.`, 'A Book of Plans 7', 'goes on.', '', String(i + 1)]);
  const text = await pdfText('a.pdf', pdf(pages));
  expect(text.match(/A Book of Plans/g)).toHaveLength(6);
  expect(text.startsWith('Page one. A Book of Plans 7 goes on.\n\nPage two.')).toBe(true);
});

test('a million characters and more come out whole, the same each time, in little memory', async () => {
  const chapters = Array.from({ length: 20 }, (_, i) => prose(i, 52_000));
  const pages: string[][] = [];
  const outline = chapters.map((paragraphs, i) => {
    const at = pages.length;
    const lines = [`Chapter ${i}`, '', ...wrapped(paragraphs)];
    while (lines.length > 0) pages.push(lines.splice(0, 60));
    return { title: `Chapter ${i}`, page: at, line: 0 };
  });
  const book = pdf(pages, outline);
  const before = process.memoryUsage().rss;
  const text = await pdfText('a.pdf', book);
  expect(process.memoryUsage().rss - before).toBeLessThan(500 * 2 ** 20);
  expect(text.length).toBeGreaterThan(1_000_000);
  const words = (all: string) => all.split(/\s+/).filter((word) => word !== '' && word !== '#');
  expect(words(text)).toEqual(words(chapters.map((paragraphs, i) => [`Chapter ${i}`, ...paragraphs].join(' ')).join(' ')));
  expect(text.match(/^# Chapter \d+$/gm)).toHaveLength(20);
  expect(await pdfText('a.pdf', book)).toBe(text);
}, 60_000);

test.each([
  ['no PDF', Buffer.from('words'), /^"a\.pdf" cannot be read as a PDF \([^\n]*\)$/],
  ['an encrypted PDF', pdf([['secret']], [], true), /^"a\.pdf" is encrypted: save it without its password$/],
  ['scanned pages', pdf([[], []]), /^"a\.pdf" has no text: scanned pages/],
])('%s is refused in one line', async (_name, bytes, message) => {
  await expect(pdfText('a.pdf', bytes)).rejects.toThrow(message);
});

test('the caller keeps its bytes', async () => {
  const book = pdf([['words']]);
  await pdfText('a.pdf', book);
  expect(book.subarray(0, 5).toString()).toBe('%PDF-');
});
