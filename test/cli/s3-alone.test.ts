import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import { NAME, publishedDataset } from '../activities/shards/dataset.ts';
import { testStore } from '../harness/engine.ts';
import { exemplar, type Ran } from './exemplar.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'exemplar-s3-alone-'));

beforeAll(async () => {
  const store = testStore();
  for (const [key, bytes] of (await publishedDataset()).store.objects) await store.put(key, bytes);
});

/** Runs a verb where nothing but S3 is named, and what a test adds. */
async function onS3Alone(more: Record<string, string>, ...args: string[]): Promise<Ran> {
  const { s3Endpoint, accessKeyId, secretAccessKey, bucket } = inject('services');
  const env = { AWS_ENDPOINT_URL: s3Endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, EXEMPLAR_BUCKET: bucket, ...more };
  return await exemplar([...args, '--json'], { cwd: FOLDER, env });
}

const json = (ran: Ran) => ({ code: ran.code, ...(JSON.parse(ran.stdout) as Record<string, unknown>) });

test('a dataset is pulled and verified with S3 alone', async () => {
  expect(json(await onS3Alone({}, 'pull', NAME, 'copy'))).toMatchObject({ code: 0, name: NAME, generation: 1 });
  expect(json(await onS3Alone({}, 'verify', 'copy'))).toMatchObject({ code: 0, ok: true });
  expect(json(await onS3Alone({}, 'verify', NAME))).toMatchObject({ code: 0, ok: true });
});

test('a dataset is exported with S3 alone, one generation of it', async () => {
  expect(json(await onS3Alone({}, 'export', NAME, 'pairs', '--view', 'preference'))).toMatchObject({ code: 0, out: 'pairs', campaign: NAME, generation: 1, rows: { kept: 2 } });
  const { code, stderr } = await onS3Alone({}, 'export', NAME, 'more', '--view', 'preference', '--generation', '7');
  expect({ code, stderr }).toEqual({ code: 2, stderr: `exemplar: NAME|DIR: ${NAME} has no generation 7\n` });
});

test('status shows what S3 holds, and why it knows no more', async () => {
  expect(json(await onS3Alone({}, 'status', NAME))).toMatchObject({
    code: 0,
    planned: 7,
    state: 'unknown',
    why: 'no Temporal server: run `exemplar up`, or set TEMPORAL_ADDRESS; these numbers are from S3',
    uiUrl: null,
  });
});

test('a verb that needs more names what it lacks', async () => {
  const { code, stderr } = await onS3Alone({}, 'pause', NAME);
  expect({ code, stderr }).toEqual({ code: 2, stderr: 'exemplar: no Temporal server: run `exemplar up`, or set TEMPORAL_ADDRESS\n' });
});

test('keys of payloads that cannot be read are refused, not taken for a server that is away', async () => {
  const { code, stderr } = await onS3Alone({ EXEMPLAR_PAYLOAD_KEYS: 'k1:short', TEMPORAL_ADDRESS: '127.0.0.1:1' }, 'status', NAME);
  expect({ code, stderr }).toEqual({ code: 2, stderr: 'exemplar: EXEMPLAR_PAYLOAD_KEYS: the key "k1" must be 32 bytes in base64 (`openssl rand -base64 32` makes one)\n' });
});

test('a page of the UI is for a campaign that there is', async () => {
  const ui = { TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPORAL_UI_URL: 'http://ui' };
  expect(json(await onS3Alone(ui, 'ui', NAME))).toMatchObject({ code: 0, url: expect.stringContaining(NAME) as string });
  const { code, stderr } = await onS3Alone(ui, 'ui', 'nope');
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^exemplar: NAME: there is no campaign "nope" in .*; `exemplar status` lists those that exist\n$/) as string });
});
