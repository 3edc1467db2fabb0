import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { addText, lockLibrary } from '../../cli/library-lock.ts';
import { readLibrary } from '../../infra/library.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import { epub, pdf } from '../infra/library/books.ts';
import { writeFiles } from './files.ts';

const ABOUT = { title: 'Second', licence: 'CC0-1.0', tags: ['method'] };

/** A file outside of any library. */
function elsewhere(name: string, bytes: string | Uint8Array): string {
  const path = join(writeFiles(), name);
  writeFileSync(path, bytes);
  return path;
}

test('lock renews the hash of a changed text and leaves comments as they are', async () => {
  const folder = writeFiles();
  const path = join(folder, 'library.yaml');
  const locked = readFileSync(path, 'utf8');
  writeFileSync(path, `# chosen by the board\ntexts:\n  - file: text.md # the only one\n    title: A text\n    licence: CC0-1.0\n    sha256: ${'0'.repeat(64)}\n`);
  writeFileSync(join(folder, 'text.md'), 'changed\n');
  expect(await lockLibrary(folder)).toEqual(['text.md']);
  const renewed = readFileSync(path, 'utf8');
  expect(renewed).toContain('# chosen by the board');
  expect(renewed).toContain('# the only one');
  expect(renewed).toContain(sha256Hex('changed\n'));
  expect(renewed).not.toBe(locked);
  expect(await lockLibrary(folder)).toEqual([]);
  expect((await readLibrary(folder)).texts).toHaveLength(1);
});

test('a text from elsewhere is copied in, listed, and can be read at once', async () => {
  const folder = writeFiles();
  const second = elsewhere('second.md', '# Second\n\nwords\n');
  expect((await addText(second, folder, ABOUT)).entry).toEqual({ file: 'second.md', ...ABOUT, sha256: sha256Hex('# Second\n\nwords\n') });
  expect((await readLibrary(folder)).file.texts.map(({ file, tags }) => [file, tags])).toEqual([['text.md', []], ['second.md', ['method']]]);
  await expect(addText(second, folder, ABOUT)).rejects.toThrow('is listed in');
});

test.each([
  ['book.epub', epub({ 'a.xhtml': { body: '<h1>H</h1><p>words</p>' } }), '# H\n\nwords\n'],
  ['book.pdf', pdf([['words']]), 'words\n'],
])('the text of %s is kept beside it, and lock takes it again where it is lost or changed', async (name, bytes, taken) => {
  const folder = writeFiles();
  const { entry, text } = await addText(elsewhere(name, bytes), folder, ABOUT);
  expect(entry).toEqual({ file: name, ...ABOUT, sha256: sha256Hex(bytes), extracted: sha256Hex(taken) });
  expect(text).toEqual({ textbook: 'book', ...ABOUT, text: taken, plain: false });
  const beside = join(folder, `${name}.md`);
  expect(readFileSync(beside, 'utf8')).toBe(taken);
  expect((await readLibrary(folder)).texts[1]).toEqual(text);
  writeFileSync(beside, 'changed by hand\n');
  expect(await lockLibrary(folder)).toEqual([name]);
  expect(readFileSync(beside, 'utf8')).toBe(taken);
  expect(await lockLibrary(folder)).toEqual([]);
});

test('a book listed by hand is locked with its text', async () => {
  const bytes = pdf([['words']]);
  const folder = writeFiles({ library: (text) => ({ ...text, file: 'book.pdf', sha256: '0'.repeat(64) }) });
  writeFileSync(join(folder, 'book.pdf'), bytes);
  expect(await lockLibrary(folder)).toEqual(['book.pdf']);
  expect((await readLibrary(folder)).file.texts).toMatchObject([{ sha256: sha256Hex(bytes), extracted: sha256Hex('words\n') }]);
});

test.each([
  ['an encrypted PDF', 'a.pdf', pdf([['secret']], [], true), /^TEXT: "a\.pdf" is encrypted/],
  ['a PDF of scanned pages', 'a.pdf', pdf([[]]), /^TEXT: "a\.pdf" has no text/],
  ['a broken EPUB', 'a.epub', 'words', /^TEXT: "a\.epub" is no EPUB/],
  ['an empty text', 'a.txt', '\n', /^TEXT: "a\.txt" has no text/],
  ['another format', 'a.docx', 'words', /^TEXT: "a\.docx" has no format that is known: \.md/],
  ['a textbook of the same name', 'text.txt', 'words', /^TEXT: .*library\.yaml has a textbook "text" already, text\.md; rename the text$/],
])('%s is refused in one line, and leaves nothing behind', async (_name, file, bytes, message) => {
  const folder = writeFiles();
  const before = [readdirSync(folder).sort(), readFileSync(join(folder, 'library.yaml'), 'utf8')];
  const refusal = await addText(elsewhere(file, bytes), folder, ABOUT).then(() => '', (error: Error) => error.message);
  expect(refusal).toMatch(message);
  expect(refusal).not.toContain('\n');
  expect([readdirSync(folder).sort(), readFileSync(join(folder, 'library.yaml'), 'utf8')]).toEqual(before);
});

test('a link inside the library that leads out of it is refused', async () => {
  const folder = writeFiles();
  symlinkSync(elsewhere('secret.md', 'words'), join(folder, 'link.md'));
  await expect(addText(join(folder, 'link.md'), folder, ABOUT)).rejects.toThrow('TEXT: "link.md" lies outside the library: it is a link');
});

test('the first text makes the library.yaml, a refused one does not', async () => {
  const folder = join(writeFiles(), 'fresh');
  mkdirSync(folder);
  await expect(addText(elsewhere('a.txt', ''), folder, ABOUT)).rejects.toThrow('has no text');
  expect(existsSync(join(folder, 'library.yaml'))).toBe(false);
  await addText(elsewhere('a.txt', 'words'), folder, ABOUT);
  expect((await readLibrary(folder)).texts).toMatchObject([{ textbook: 'a', text: 'words' }]);
});

const BOOK = pdf([['words']]);
const NOTES = 'notes of mine\n';

test('a file of the user that lies where the text of a book would be kept is never overwritten', async () => {
  const folder = writeFiles();
  const before = readFileSync(join(folder, 'library.yaml'), 'utf8');
  const beside = join(folder, 'book.pdf.md');
  writeFileSync(beside, NOTES);
  const refusal = `TEXT: ${beside} exists already, and the text of "book.pdf" would be kept there; rename one of them`;
  await expect(addText(elsewhere('book.pdf', BOOK), folder, ABOUT)).rejects.toThrow(refusal);
  expect(existsSync(join(folder, 'book.pdf'))).toBe(false);
  expect(readFileSync(join(folder, 'library.yaml'), 'utf8')).toBe(before);
  writeFileSync(join(folder, 'book.pdf'), BOOK);
  await expect(addText(join(folder, 'book.pdf'), folder, ABOUT)).rejects.toThrow(refusal);
  expect(readFileSync(beside, 'utf8')).toBe(NOTES);
  // what an earlier listing took from the same book may stay
  writeFileSync(beside, 'words\n');
  expect((await addText(join(folder, 'book.pdf'), folder, ABOUT)).entry.extracted).toBe(sha256Hex('words\n'));
});

test('lock overwrites no file of the user either', async () => {
  const folder = writeFiles({ library: (text) => ({ ...text, file: 'book.pdf', sha256: '0'.repeat(64) }) });
  const [book, beside] = ['book.pdf', 'book.pdf.md'].map((name) => join(folder, name)) as [string, string];
  writeFileSync(book, BOOK);
  writeFileSync(beside, NOTES);
  await expect(lockLibrary(folder)).rejects.toThrow(`library.yaml: texts.0.file: ${beside} exists already, and the text of "book.pdf" would be kept there; rename one of them`);
  expect(readFileSync(beside, 'utf8')).toBe(NOTES);
  expect(readFileSync(join(folder, 'library.yaml'), 'utf8')).toContain('0'.repeat(64));
});

test('a listed text is no place for the text of a book, nor is the text of a listed book listed', async () => {
  const folder = writeFiles({ library: (text) => ({ ...text, file: 'book.pdf.md', sha256: sha256Hex('words\n') }) });
  writeFileSync(join(folder, 'book.pdf.md'), 'words\n');
  await expect(addText(elsewhere('book.pdf', BOOK), folder, ABOUT)).rejects.toThrow('TEXT: "book.pdf.md", where the text of "book.pdf" would be kept, is listed itself; rename one of them');
  const other = writeFiles();
  await addText(elsewhere('book.pdf', BOOK), other, ABOUT);
  await expect(addText(join(other, 'book.pdf.md'), other, ABOUT)).rejects.toThrow('TEXT: "book.pdf.md" holds the text taken from "book.pdf", which is listed');
  const { texts } = parse(readFileSync(join(other, 'library.yaml'), 'utf8')) as { texts: unknown[] };
  const own = { file: './book.pdf.md', title: 'T', licence: 'CC0-1.0', sha256: sha256Hex('words\n') };
  writeFileSync(join(other, 'library.yaml'), JSON.stringify({ texts: [...texts, own] }));
  await expect(lockLibrary(other)).rejects.toThrow('texts.1.file: "book.pdf.md", where the text of "book.pdf" would be kept, is listed itself; rename one of them');
});

test.each([
  ['an empty title', { ...ABOUT, title: '' }, 'TEXT: title: must not be empty (is "")'],
  ['a blank licence', { ...ABOUT, licence: ' ' }, 'TEXT: licence: must not be empty (is " ")'],
])('%s is refused before anything is written', async (_name, about, message) => {
  const folder = join(writeFiles(), 'fresh');
  mkdirSync(folder);
  await expect(addText(elsewhere('a.txt', 'words'), folder, about)).rejects.toThrow(message);
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ['without a file', ({ file: _, ...text }: Record<string, unknown>) => text, 'texts.0.file: a path relative to library.yaml is required'],
  ['whose file is no path', (text: Record<string, unknown>) => ({ ...text, file: ['text.md'] }), 'texts.0.file: a path relative to library.yaml is required'],
  ['without a title', ({ title: _, ...text }: Record<string, unknown>) => text, 'texts.0.title: missing; expected string'],
  ['with an unknown key', (text: Record<string, unknown>) => ({ ...text, tgas: ['a'] }), 'unknown key "texts.0.tgas"; did you mean "tags"?'],
])('neither lock nor add writes a library.yaml with an entry %s', async (_name, library, message) => {
  const folder = writeFiles({ library });
  writeFileSync(join(folder, 'text.md'), 'changed\n');
  const before = readFileSync(join(folder, 'library.yaml'), 'utf8');
  await expect(lockLibrary(folder)).rejects.toThrow(`library.yaml: ${message}`);
  await expect(addText(elsewhere('second.md', 'words'), folder, ABOUT)).rejects.toThrow(`library.yaml: ${message}`);
  expect(readFileSync(join(folder, 'library.yaml'), 'utf8')).toBe(before);
  expect(existsSync(join(folder, 'second.md'))).toBe(false);
});
