import { expect, test } from 'vitest';
import { keptChapters, settleChapters, sketchChapters, type LibraryText } from '../../../infra/library/chapters.ts';
import { sha256Hex } from '../../../schemas/canonical.ts';
import { prose } from './books.ts';

const text = (words: string, plain = false): LibraryText => ({ textbook: 'book', title: 'Book', licence: 'CC0', tags: [], text: words, plain });
const book = (sizes: number[]) => text(`# Book\n\n${sizes.map((size, i) => `## ${i + 1} Part\n\n${prose(i, size).join('\n\n')}\n\n`).join('')}`);
const joined = (chapters: { text: string }[]) => chapters.map((chapter) => chapter.text).join('');
/** A counter that finds `density` bytes in a token, and remembers what it was asked. */
function counter(density: number) {
  const asked: string[] = [];
  const count = (block: string) => {
    asked.push(block);
    return Promise.resolve(Math.ceil(Buffer.byteLength(block) / density));
  };
  return { asked, count };
}

test('a text short enough is one chapter, counted as its prompt block stands', async () => {
  const { asked, count } = counter(4);
  const [chapter, ...others] = await settleChapters([text('# A\n\n"words"\n')], 20_000, count);
  const block = '{"chapter":{"name":"whole","text":"# A\\n\\n\\"words\\"\\n","textbook":"book","title":"Book"}}';
  expect(others).toEqual([]);
  expect(asked).toEqual([block]);
  expect(chapter).toMatchObject({ textbook: 'book', chapter: 'whole', chars: 13, sha256: sha256Hex('# A\n\n"words"\n'), tokens: Math.ceil(block.length / 4), counted: true });
});

test('chapters are named by their headings: gathered, alone, and in parts', async () => {
  const chapters = await settleChapters([book([1_000, 1_000, 9_000, 1_000])], 1_000, counter(3.5).count);
  expect(chapters.map(({ chapter }) => chapter)).toEqual(['1 Part - 2 Part', '3 Part, part 1 of 3', '3 Part, part 2 of 3', '3 Part, part 3 of 3', '4 Part']);
});

test.each([1.2, 2, 3.5, 6])('at %d bytes a token no chapter is above the limit and not a character is lost', async (density) => {
  const long = book([500, 40_000, 3_000, 3_000, 90_000, 10]);
  const { asked, count } = counter(density);
  const chapters = await settleChapters([long], 2_000, count);
  expect(joined(chapters)).toBe(long.text);
  for (const { tokens } of chapters) expect(tokens).toBeLessThanOrEqual(2_000);
  expect(new Set(chapters.map(({ chapter }) => chapter)).size).toBe(chapters.length);
  // fewer calls than paragraphs, by far
  expect(asked.length).toBeLessThan(long.text.split('\n\n').length);
});

test('where there is no counter two bytes a token are the bound', async () => {
  const long = book([30_000, 2_000]);
  for (const count of [null, () => Promise.resolve(null)]) {
    const chapters = await settleChapters([long], 2_000, count);
    expect(joined(chapters)).toBe(long.text);
    for (const { tokens, counted, text: own } of chapters) {
      expect(counted).toBe(false);
      expect(tokens).toBeLessThanOrEqual(2_000);
      expect(tokens).toBeGreaterThanOrEqual(Math.ceil(Buffer.byteLength(own) / 2));
    }
  }
});

test('cuts fall between paragraphs where they can, and never inside a character', async () => {
  for (const { text: own } of (await settleChapters([book([20_000])], 1_000, counter(3.5).count)).slice(0, -1)) expect(own).toMatch(/\n\n$/);
  const emoji = text('🙂'.repeat(5_000));
  const chapters = await settleChapters([emoji], 500, counter(2).count);
  expect(joined(chapters)).toBe(emoji.text);
  for (const { text: own } of chapters) expect(own).toMatch(/^(🙂)+$/u);
});

test('sketched chapters are those of a provider that counts as usual', async () => {
  const long = book([30_000, 500, 500, 80_000]);
  const block = (words: string) => words.length;
  const settled = await settleChapters([long], 5_000, (words) => Promise.resolve(Math.floor(block(words) / 4)));
  expect(sketchChapters([long], 5_000).map(({ chapter, sha256 }) => [chapter, sha256])).toEqual(settled.map(({ chapter, sha256 }) => [chapter, sha256]));
});

test('a text of a million characters without a heading is cut into parts', async () => {
  const long = text(prose(3, 1_200_000).join('\n\n'));
  const chapters = await settleChapters([long], 20_000, counter(4).count);
  expect(joined(chapters)).toBe(long.text);
  expect(chapters.map(({ chapter }) => chapter)).toEqual(chapters.map((_, i) => `part ${i + 1} of ${chapters.length}`));
});

test('headings that come twice name different chapters', async () => {
  const twice = text(`# Notes\n\n${prose(1, 2_400).join('\n\n')}\n\n# Notes\n\n${prose(2, 2_400).join('\n\n')}\n`);
  expect((await settleChapters([twice], 1_000, counter(3.5).count)).map(({ chapter }) => chapter)).toEqual(['Notes', 'Notes (2)']);
});

test('a campaign keeps its own cut of unchanged texts, whatever it was', async () => {
  const long = book([9_000, 9_000]);
  const known = await settleChapters([long], 1_000, counter(2.5).count);
  const refs = known.map(({ text: _text, ...ref }) => ref);
  expect(keptChapters([long], refs)).toEqual(known);
  expect(keptChapters([{ ...long, text: `${long.text}!` }], refs)).toBeNull();
  expect(keptChapters([{ ...long, text: long.text.replace('river', 'rover') }], refs)).toBeNull();
  expect(keptChapters([{ ...long, title: 'Other' }], refs)).toBeNull();
  expect(keptChapters([], refs)).toBeNull();
  expect(keptChapters([long, { ...long, textbook: 'second' }], refs)).toBeNull();
});
