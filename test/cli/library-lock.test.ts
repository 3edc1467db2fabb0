import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addText, lockLibrary } from '../../cli/library-lock.ts';
import { readLibrary } from '../../infra/library.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import { writeFiles } from './files.ts';

test('lock renews the hash of a changed text and leaves comments as they are', () => {
  const folder = writeFiles();
  const path = join(folder, 'library.yaml');
  const locked = readFileSync(path, 'utf8');
  writeFileSync(path, `# chosen by the board\ntexts:\n  - file: text.md # the only one\n    title: A text\n    licence: CC0-1.0\n    sha256: ${'0'.repeat(64)}\n`);
  writeFileSync(join(folder, 'text.md'), 'changed\n');
  expect(lockLibrary(folder)).toEqual(['text.md']);
  const renewed = readFileSync(path, 'utf8');
  expect(renewed).toContain('# chosen by the board');
  expect(renewed).toContain('# the only one');
  expect(renewed).toContain(sha256Hex('changed\n'));
  expect(renewed).not.toBe(locked);
  expect(lockLibrary(folder)).toEqual([]);
  expect(readLibrary(folder).chapters).toHaveLength(1);
});

test('a text from elsewhere is copied in, listed, and can be read at once', () => {
  const folder = writeFiles();
  const elsewhere = join(writeFiles(), 'second.md');
  writeFileSync(elsewhere, '# Second\n\nwords\n');
  expect(addText(elsewhere, folder, { title: 'Second', licence: 'CC0-1.0', tags: ['method'] })).toMatchObject({ file: 'second.md', sha256: sha256Hex('# Second\n\nwords\n') });
  expect(readLibrary(folder).file.texts.map(({ file, tags }) => [file, tags])).toEqual([['text.md', []], ['second.md', ['method']]]);
  expect(() => addText(elsewhere, folder, { title: 'Second', licence: 'CC0-1.0', tags: [] })).toThrow('is listed in');
});
