import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
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
