import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { writeArrow } from '../../../infra/arrow/writer.ts';
import { DATA_SCHEMA, LEDGER_SCHEMA } from '../../../schemas/arrow.ts';
import { Compression } from '../../../schemas/campaign.ts';
import { asJson, testPython } from '../../activities/shards/pyarrow.ts';
import { testStore } from '../../harness/engine.ts';
import { oddCall, oddRow } from './odd-rows.ts';

const PREFIX = 'foreign-readers';
/** One file a codec, three record batches each: readers must take them together. */
const ROWS = { data: Array.from({ length: 60 }, (_, n) => oddRow(n)), ledger: Array.from({ length: 60 }, (_, n) => oddCall(n)) };
const SCHEMAS = { data: DATA_SCHEMA, ledger: LEDGER_SCHEMA };
const TABLES = ['data', 'ledger'] as const;
const fileOf = (table: (typeof TABLES)[number], codec: string) => `${table}-${codec}.arrow`;
const files = Object.fromEntries(TABLES.map((table) => [table, Compression.options.map((codec) => fileOf(table, codec))]));

describe.skipIf(testPython === null).each([
  ['a folder', () => folder],
  ['S3', () => `s3://${inject('services').bucket}/${PREFIX}`],
])('shards in %s (needs the Python environment)', (_, root) => {
  let found: Record<string, Record<string, unknown[]>>;

  beforeAll(async () => {
    const { s3Endpoint, accessKeyId, secretAccessKey } = inject('services');
    const env = { ...process.env, AWS_ENDPOINT_URL: s3Endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    const script = fileURLToPath(new URL('foreign_readers.py', import.meta.url));
    const { stdout } = await promisify(execFile)(testPython as string, [script, root(), JSON.stringify(files)], { env, maxBuffer: 2 ** 28 });
    found = JSON.parse(stdout) as typeof found;
  }, 300_000);

  it.each(['pyarrow', 'pyarrow dataset', 'polars', 'DuckDB', 'datasets', 'datasets, streaming'])('are read by %s with the values that were written', (reader) => {
    for (const table of TABLES) {
      const rows = found[reader]?.[table] ?? [];
      const written = asJson(ROWS[table]) as unknown[];
      // row by row: the difference of whole tables would be megabytes of text
      expect(rows.length).toBe(written.length);
      for (const [i, row] of written.entries()) expect(rows[i], `${table} row ${i}`).toEqual(row);
    }
  });
});

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), `${PREFIX}-`));
  const store = testStore();
  for (const table of TABLES) {
    for (const [i, compression] of Compression.options.entries()) {
      const bytes = await writeArrow(SCHEMAS[table], ROWS[table].slice(20 * i, 20 * i + 20), { compression, rowsPerBatch: 8 });
      await writeFile(join(folder, fileOf(table, compression)), bytes);
      await store.put(`${PREFIX}/${fileOf(table, compression)}`, bytes);
    }
  }
});
