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

/** Runs a verb where nothing but S3 is named. */
async function onS3Alone(...args: string[]): Promise<Ran> {
  const { s3Endpoint, accessKeyId, secretAccessKey, bucket } = inject('services');
  const env = { AWS_ENDPOINT_URL: s3Endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, EXEMPLAR_BUCKET: bucket };
  return await exemplar([...args, '--json'], { cwd: FOLDER, env });
}

const json = (ran: Ran) => ({ code: ran.code, ...(JSON.parse(ran.stdout) as Record<string, unknown>) });

test('a dataset is pulled and verified with S3 alone', async () => {
  expect(json(await onS3Alone('pull', NAME, 'copy'))).toMatchObject({ code: 0, name: NAME, generation: 1 });
  expect(json(await onS3Alone('verify', 'copy'))).toMatchObject({ code: 0, ok: true });
  expect(json(await onS3Alone('verify', NAME))).toMatchObject({ code: 0, ok: true });
});

test('status shows what S3 holds, and why it knows no more', async () => {
  expect(json(await onS3Alone('status', NAME))).toMatchObject({
    code: 0,
    planned: 7,
    state: 'unknown',
    why: 'no Temporal server: run `exemplar up`, or set TEMPORAL_ADDRESS; these numbers are from S3',
    uiUrl: null,
  });
});

test('a verb that needs more names what it lacks', async () => {
  const { code, stderr } = await onS3Alone('pause', NAME);
  expect({ code, stderr }).toEqual({ code: 2, stderr: 'exemplar: no Temporal server: run `exemplar up`, or set TEMPORAL_ADDRESS\n' });
});
