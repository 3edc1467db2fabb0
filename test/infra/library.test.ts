import { mkdirSync, mkdtempSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readLibrary } from '../../infra/library.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import { epub, pdf } from './library/books.ts';

function library(text: string | Uint8Array, entry: Record<string, unknown> = {}, name = 'a.md'): string {
  const folder = mkdtempSync(join(tmpdir(), 'library-'));
  writeFileSync(join(folder, name), text);
  const texts = [{ file: name, title: 'A', licence: 'CC0', sha256: sha256Hex(text), ...entry }];
  writeFileSync(join(folder, 'library.yaml'), JSON.stringify({ texts }));
  return folder;
}

test('a Markdown text is read as it is', async () => {
  const { texts } = await readLibrary(library('# A\n\nwords', { tags: ['t'] }));
  expect(texts).toEqual([{ textbook: 'a', title: 'A', licence: 'CC0', tags: ['t'], text: '# A\n\nwords', plain: false }]);
});

test('line ends become those of Unix, and a byte order mark goes', async () => {
  expect((await readLibrary(library('\uFEFFone\r\ntwo\r', {}, 'a.txt'))).texts).toMatchObject([{ text: 'one\ntwo\n', plain: true }]);
});

test('EPUB and PDF are read straight from the file where no text of theirs is listed', async () => {
  expect((await readLibrary(library(epub({ 'a.xhtml': { body: '<h1>H</h1><p>words</p>' } }), {}, 'a.epub'))).texts[0]?.text).toBe('# H\n\nwords\n');
  expect((await readLibrary(library(pdf([['words']]), {}, 'a.pdf'))).texts[0]?.text).toBe('words\n');
});

test('where the text taken from a PDF is listed, that text is read', async () => {
  const folder = library(pdf([['words']]), { extracted: sha256Hex('other words\n') }, 'a.pdf');
  await expect(readLibrary(folder)).rejects.toThrow(/texts\.0\.extracted: "a\.pdf\.md", the text taken from "a\.pdf", is missing: run `exemplar library lock/);
  writeFileSync(join(folder, 'a.pdf.md'), 'other words\n');
  expect((await readLibrary(folder)).texts[0]?.text).toBe('other words\n');
  writeFileSync(join(folder, 'a.pdf.md'), 'changed\n');
  await expect(readLibrary(folder)).rejects.toThrow(/texts\.0\.extracted: "a\.pdf\.md" has [0-9a-f]{64}.*library lock/);
});

test('a changed text is refused, naming its hash and how to lock it', async () => {
  await expect(readLibrary(library('words', { sha256: 'a'.repeat(64) }))).rejects.toThrow(/texts\.0\.sha256: "a\.md" has [0-9a-f]{64}.*library lock/);
});

test.each([
  ['a missing text', { file: 'b.md' }, /texts\.0\.file: "b\.md" does not exist/],
  ['a path that climbs out', { file: '../../etc/hostname' }, /texts\.0\.file: "\.\.\/\.\.\/etc\/hostname" lies outside the library/],
  ['an absolute path', { file: '/etc/hostname' }, /texts\.0\.file: "\/etc\/hostname" lies outside the library/],
  ['a name with a NUL', { file: 'a\0.md' }, /texts\.0\.file: a name without NUL characters is needed/],
  ['a folder', { file: 'folder.md' }, /texts\.0\.file: "folder\.md" is not a regular file/],
  ['a link that leads out of the library', { file: 'out.md' }, /texts\.0\.file: "out\.md" lies outside the library: it is a link/],
  ['a file too large', { file: 'large.md' }, /texts\.0\.file: "large\.md" has 64\.1 MB; at most 64 MB are allowed/],
  ['an unknown format', { file: 'a.docx' }, /texts\.0\.file: "a\.docx" has no format that is known: \.md, \.markdown, \.txt, \.epub, \.pdf are allowed/],
])('%s is refused in one line', async (_name, entry, message) => {
  const folder = library('words', entry);
  mkdirSync(join(folder, 'folder.md'));
  symlinkSync('/etc/hostname', join(folder, 'out.md'));
  writeFileSync(join(folder, 'large.md'), '');
  truncateSync(join(folder, 'large.md'), 64 * 2 ** 20 + 100_000);
  writeFileSync(join(folder, 'a.docx'), 'words');
  const refusal = await readLibrary(folder).then(() => '', (error: Error) => error.message);
  expect(refusal).toMatch(message);
  expect(refusal).not.toContain('\n');
});

test.each([
  ['an empty text', ' \n\n', /"a\.md" has no text/],
  ['bytes that are not UTF-8', Buffer.from([0x77, 0xff, 0x77]), /"a\.md" is not UTF-8 text/],
])('%s is refused in one line', async (_name, bytes, message) => {
  await expect(readLibrary(library(bytes))).rejects.toThrow(message);
});

test('two texts of one name are refused: chapters are known by it', async () => {
  const folder = library('words');
  mkdirSync(join(folder, 'sub'));
  writeFileSync(join(folder, 'sub', 'a.txt'), 'words');
  const text = { title: 'A', licence: 'CC0', sha256: sha256Hex('words') };
  writeFileSync(join(folder, 'library.yaml'), JSON.stringify({ texts: [{ ...text, file: 'a.md' }, { ...text, file: 'sub/a.txt' }] }));
  await expect(readLibrary(folder)).rejects.toThrow('texts.1.file: there are two textbooks "a"; rename "sub/a.txt"');
});
