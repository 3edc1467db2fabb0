import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cut, readLibrary } from '../../infra/library.ts';
import { sha256Hex } from '../../schemas/canonical.ts';

function library(text: string, entry: Record<string, unknown> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'library-'));
  writeFileSync(join(folder, 'a.md'), text);
  const texts = [{ file: 'a.md', title: 'A', licence: 'CC0', sha256: sha256Hex(text), ...entry }];
  writeFileSync(join(folder, 'library.yaml'), JSON.stringify({ texts }));
  return folder;
}

test('a text short enough is one chapter', () => {
  expect(readLibrary(library('# A\n\nwords')).chapters).toMatchObject([{ textbook: 'a', chapter: 'whole', title: 'A', chars: 10 }]);
});

test('longer texts are cut at their headings and lose not a character', () => {
  const text = Array.from({ length: 40 }, (_, i) => `## Chapter ${i}\n\n${'word '.repeat(i * 3)}\n\n`).join('');
  const parts = cut(text, 300);
  expect(parts.map((part) => part.text).join('')).toBe(text);
  for (const part of parts) expect(part.text.length).toBeLessThanOrEqual(300);
});

test('a changed text is refused, naming its hash and how to lock it', () => {
  expect(() => readLibrary(library('words', { sha256: 'a'.repeat(64) }))).toThrow(/texts\.0\.sha256: "a\.md" has [0-9a-f]{64}.*library lock/);
});

test('a missing text is refused', () => {
  expect(() => readLibrary(library('words', { file: 'b.md' }))).toThrow(/texts\.0\.file: "b\.md" does not exist/);
});

test('a link that leads out of the library is refused', () => {
  const folder = library('words', { file: 'out.md' });
  symlinkSync('/etc/hostname', join(folder, 'out.md'));
  expect(() => readLibrary(folder)).toThrow(/lies outside the library/);
});
