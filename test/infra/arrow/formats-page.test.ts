import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { writeArrow } from '../../../infra/arrow/writer.ts';
import { DATA_SCHEMA } from '../../../schemas/arrow.ts';
import { datasetPrefix, manifestKey } from '../../../schemas/keys.ts';
import { asJson, testPython } from '../../activities/shards/pyarrow.ts';
import { testStore } from '../../harness/engine.ts';
import { chromiumPath, serve, textOfPage } from './browser.ts';
import { oddRow } from './odd-rows.ts';

/*
 * Runs every example of docs/formats.md as its reader would, in a pulled folder: a golden dataset.
 */

const root = fileURLToPath(new URL('../../../', import.meta.url));
const golden = join(root, 'test', 'golden', 'shards', 'v1');
const page = readFileSync(join(root, 'docs', 'formats.md'), 'utf8');
const blocks = (language: string) => [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map((match) => match[1] as string);
const folder = mkdtempSync(join(tmpdir(), 'exemplar-formats-'));
const run = promisify(execFile);
const DATASET = 'formats-page';

beforeAll(async () => {
  cpSync(golden, folder, { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const store = testStore();
  for (const name of readdirSync(join(golden, 'data'))) await store.put(`${datasetPrefix(DATASET)}data/${name}`, readFileSync(join(golden, 'data', name)));
  await store.put(manifestKey(DATASET, 1), readFileSync(join(golden, 'manifest.json')));
});

describe.skipIf(testPython === null)('the Python examples of docs/formats.md (need the Python environment)', () => {
  const [files = '', ...readers] = blocks('python');

  it.each([
    ['pyarrow', /^8 \[.*'negative', 'counts': 2.*\]$/],
    ['polars', /^8$/],
    ['datasets', /^2$/],
    ['duckdb', /^\[\('action', 8\), \('state', 16\)\]$/],
    ['s3', /^8 8 8$/],
  ])('give the rows of the train split: %s', async (name, expected) => {
    const reader = readers[['pyarrow', 'polars', 'datasets', 'duckdb', 's3'].indexOf(name)] ?? '';
    const { s3Endpoint, accessKeyId, secretAccessKey } = inject('services');
    const env = { ...process.env, HF_HOME: join(folder, 'hf'), AWS_ENDPOINT_URL: s3Endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    const { stdout } = await run(testPython as string, ['-c', `${files}\n${reader.replace('datasets/demo', `datasets/${DATASET}`)}`], { cwd: folder, env });
    expect(stdout.trim().replaceAll('\n', ' ')).toMatch(expected);
  }, 300_000);

  it('are all of them', () => expect(readers).toHaveLength(5));
});

it('the JavaScript example of docs/formats.md prints every version and the size of its plan', async () => {
  writeFileSync(join(folder, 'read.mjs'), blocks('js')[0] ?? '');
  const { stdout } = await run(process.execPath, ['read.mjs'], { cwd: folder });
  const rows = Object.entries(JSON.parse(readFileSync(`${golden}.rows.json`, 'utf8')) as Record<string, { label: string; nodes: unknown[] }[]>);
  const expected = rows.filter(([key]) => key.startsWith('data/')).flatMap(([, each]) => each.map(({ label, nodes }) => `${label} ${nodes.length}`));
  expect(stdout.trim().split('\n').sort()).toEqual(expected.sort());
});

it.skipIf(chromiumPath === null).each(['zstd', 'lz4'] as const)('the page of docs/formats.md shows the values of a shard in a browser (%s; needs chromium on PATH)', async (compression) => {
  const rows = Array.from({ length: 20 }, (_, n) => oddRow(n));
  writeFileSync(join(folder, 'page.html'), blocks('html')[0] ?? '');
  writeFileSync(join(folder, 'odd.arrow'), await writeArrow(DATA_SCHEMA, rows, { compression, rowsPerBatch: 8 }));
  const server = await serve((path) => (path.startsWith('/lz4') ? join(root, 'dist', 'infra', 'arrow', path) : join(folder, path)));
  try {
    expect(JSON.parse(await textOfPage(`${server.url}/page.html?shard=odd.arrow`))).toEqual(asJson(rows));
  } finally {
    await server.close();
  }
}, 120_000);
