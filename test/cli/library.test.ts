import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { register } from '../../cli/library.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import { pdf, prose, wrapped } from '../infra/library/books.ts';
import { writeFiles } from './files.ts';

afterEach(() => void vi.restoreAllMocks());

/** What `exemplar library <args>` prints on stdout. */
async function library(...args: string[]): Promise<string> {
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  const program = new Command();
  register(program);
  await program.parseAsync(['library', ...args], { from: 'user' });
  return printed;
}

/** Some 190,000 characters on pages of 60 lines. */
function longPdf(): { path: string; bytes: Buffer } {
  const lines = wrapped(prose(5, 190_000));
  const pages = Array.from({ length: Math.ceil(lines.length / 60) }, (_, i) => lines.slice(60 * i, 60 * (i + 1)));
  const path = join(writeFiles(), 'long.pdf');
  const bytes = pdf(pages);
  writeFileSync(path, bytes);
  return { path, bytes };
}

test('add says what the text comes to, and list shows it with its format', async () => {
  const folder = writeFiles();
  const { path, bytes } = longPdf();
  const said = await library('add', path, folder, '--title', 'Long', '--licence', 'CC0-1.0', '--tags', 'a, b');
  expect(said).toMatch(/^added long\.pdf to .*library\.yaml: 3 chapters, 19\d,\d{3} characters, about 5\d\.\dk tokens \(sha256 [0-9a-f]{64}\)\n$/);
  const { texts } = JSON.parse(await library('list', folder, '--json')) as { texts: Record<string, unknown>[] };
  expect(texts).toMatchObject([
    { file: 'text.md', format: 'markdown', tags: [], chapters: 1, chars: 46, tokens: 13 },
    { file: 'long.pdf', format: 'pdf', tags: ['a', 'b'], chapters: 3, sha256: sha256Hex(bytes) },
  ]);
  const [head, ...rows] = (await library('list', folder)).trimEnd().split('\n');
  expect(head?.split(/\s{2,}/)).toEqual(['FILE', 'TITLE', 'LICENCE', 'TAGS', 'FORMAT', 'CHAPTERS', 'CHARS', 'TOKENS']);
  expect(rows[1]).toMatch(/^long\.pdf +Long +CC0-1\.0 +a, b +pdf +3 +19\d,\d{3} +~5\d\.\dk$/);
});

test('a library may be given by its library.yaml', async () => {
  expect(await library('list', join(writeFiles(), 'library.yaml'))).toContain('text.md');
});
