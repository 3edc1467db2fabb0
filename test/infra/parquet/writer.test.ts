import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { writeParquet } from '../../../infra/parquet/writer.ts';
import { arrowSchema } from '../../../schemas/arrow.ts';
import { testPython } from '../../activities/shards/pyarrow.ts';

const SCHEMA = arrowSchema(
  z.strictObject({
    text: z.string(),
    absent: z.string().nullable(),
    n: z.int(),
    x: z.number().nullable(),
    yes: z.boolean(),
    words: z.array(z.string()),
    labels: z.array(z.boolean()),
    scores: z.array(z.number().nullable()),
    talks: z.array(z.array(z.strictObject({ role: z.string(), content: z.string().nullable() }))),
  }),
);

const ROWS = [
  { text: 'née 計画 🚀 \u2028 "quoted"\n', absent: null, n: -3, x: 0.1, yes: true, words: [], labels: [true, false], scores: [null, -1.5, null], talks: [] },
  { text: '', absent: 'here', n: 2 ** 31 - 1, x: null, yes: false, words: ['', 'ß'], labels: [], scores: [], talks: [[], [{ role: 'user', content: null }, { role: 'assistant', content: '' }]] },
  { text: 'long '.repeat(400_000), absent: null, n: 0, x: 1e300, yes: true, words: ['one'], labels: [false], scores: [null], talks: [[{ role: 'user', content: 'x' }]] },
];

interface View {
  pyarrow: unknown;
  duckdb: unknown;
  columns: [string, string, boolean][];
  groups: number;
}

async function read(bytes: Uint8Array): Promise<View> {
  const folder = await mkdtemp(join(tmpdir(), 'exemplar-parquet-'));
  try {
    await writeFile(join(folder, 'rows.parquet'), bytes);
    const script = fileURLToPath(new URL('read_parquet.py', import.meta.url));
    return JSON.parse((await promisify(execFile)(testPython as string, [script, join(folder, 'rows.parquet')], { maxBuffer: 2 ** 26 })).stdout) as View;
  } finally {
    await rm(folder, { recursive: true });
  }
}

it.skipIf(testPython === null)('pyarrow and DuckDB read what was written: nulls, empty and nested lists, any text (needs the Python environment)', { timeout: 120_000 }, async () => {
  const { pyarrow, duckdb, columns } = await read(await writeParquet(SCHEMA, ROWS));
  expect(pyarrow).toEqual(ROWS);
  expect(duckdb).toEqual(ROWS);
  expect(columns.map(([name, , nullable]) => [name, nullable])).toEqual(SCHEMA.fields.map(({ name, nullable }) => [name, nullable]));
  expect(columns.at(-1)?.[1]).toBe('list<element: list<element: struct<role: string not null, content: string> not null> not null>');

  const many = Array.from({ length: 2500 }, (_, i) => ({ ...(ROWS[i % 2] as (typeof ROWS)[0]), n: i }));
  const large = await read(await writeParquet(SCHEMA, many));
  expect(large.pyarrow).toEqual(many);
  expect(large.groups).toBe(3);
});

it('refuses a value that its column does not hold, naming row and column', async () => {
  await expect(writeParquet(SCHEMA, [ROWS[0] as object, { ...ROWS[1], n: 0.5 }])).rejects.toThrow('row 1: n must be an integer of 32 bits, not 0.5');
  await expect(writeParquet(SCHEMA, [{ ...ROWS[1], words: [null] }])).rejects.toThrow('row 0: words[0] must be a string, not null');
});
