import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { readManifest } from '../../activities/shards/manifest.ts';
import { dataConverterOf } from '../../infra/codec/data-converter.ts';
import type { S3Store } from '../../infra/store-s3.ts';
import { ensureSearchAttributes, startOnce } from '../../infra/temporal.ts';
import { datasetPrefix, deletingKey } from '../../schemas/keys.ts';
import { campaignWorkflowId } from '../../workflows/messages.ts';
import { SEARCH } from '../../workflows/search-attributes.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { publishCampaign, told } from '../activities/datasets/campaigns.ts';
import { bucketOf } from '../harness/engine.ts';
import { exemplar, type Ran } from './exemplar.ts';

vi.setConfig({ testTimeout: 60_000 });

const FOLDER = mkdtempSync(join(tmpdir(), 'exemplar-datasets-'));
const BUCKET = `datasets-${randomUUID().slice(0, 8)}`;
let store: S3Store;
let client: Client;

beforeAll(async () => {
  store = await bucketOf(BUCKET);
  client = new Client({ connection: await Connection.connect({ address: inject('services').temporalAddress }), dataConverter: dataConverterOf(null) });
  await ensureSearchAttributes(client);
  const made = new MemoryStore();
  for (const n of [5, 6, 7]) await publishCampaign(made, 'spring', told(0, n));
  await publishCampaign(made, 'summer', told(4, 9));
  await publishCampaign(made, 'autumn', told(10, 12), {}, { seed: 4 });
  for (const [key, bytes] of made.objects) await store.put(key, bytes);
});
afterAll(async () => {
  await client.connection.close();
});

async function run(...args: string[]): Promise<Ran> {
  const { s3Endpoint, accessKeyId, secretAccessKey, temporalAddress } = inject('services');
  const env = { AWS_ENDPOINT_URL: s3Endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, EXEMPLAR_BUCKET: BUCKET, TEMPORAL_ADDRESS: temporalAddress };
  return await exemplar(args, { cwd: FOLDER, env });
}

const json = async (...args: string[]) => {
  const { code, stdout } = await run(...args, '--json');
  return { code, ...(JSON.parse(stdout) as Record<string, unknown>) };
};

async function keysUnder(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

test('a merged dataset is made, shown, verified and pulled by its name', async () => {
  expect(await json('merge', 'spring@2', 'summer', '--into', 'both')).toMatchObject({
    code: 0, name: 'both', generation: 1, unchanged: false, situations: 9, duplicates: 2,
    sources: [{ name: 'spring', generation: 2, situations: 6, dropped: 0, moved: 0 }, { name: 'summer', generation: 1, situations: 3, dropped: 2, moved: 0 }],
  });
  expect(await json('verify', 'both')).toMatchObject({ code: 0, ok: true });
  expect(await json('pull', 'both', 'both')).toMatchObject({ code: 0, generation: 1 });
  expect(await json('verify', './both')).toMatchObject({ code: 0, ok: true });
  expect(await json('status', 'both')).toMatchObject({ code: 0, name: 'both', situations: 9 });
  const { merged, campaigns } = (await json('status')) as unknown as { merged: object[]; campaigns: { name: string }[] };
  expect(merged).toMatchObject([{ name: 'both', generation: 1 }]);
  expect(campaigns.map(({ name }) => name)).toEqual(['autumn', 'spring', 'summer']);
});

test.each([
  ['resume both', 'exemplar: NAME: "both" is a dataset merged from spring, summer: no campaign runs under this name\n'],
  ['set both concurrency=3', 'exemplar: NAME: "both" is a dataset merged from spring, summer: no campaign runs under this name\n'],
  ['show both 0', 'exemplar: NAME: "both" is a dataset merged from spring, summer: no campaign runs under this name\n'],
  ['merge spring autumn --into mixed', /^exemplar: NAME: "spring" is split 0\.5\/0\.25\/0\.25 by seed 26, "autumn" .* by seed 4, and families would straddle splits: --split-like spring /],
  ['merge spring none --into mixed', /^exemplar: NAME: there is no campaign "none" in s3:\/\/\S+ at \S+; `exemplar status` lists those that exist\n$/],
  ['merge spring@x summer --into mixed', 'exemplar: NAME: a campaign, or one of its generations as NAME@GENERATION (is "spring@x")\n'],
  ['merge spring summer --into Mixed', 'exemplar: --into: 3 to 63 lower-case letters, digits and dashes (is "Mixed")\n'],
  ['merge spring summer', "exemplar: required option '--into <name>' not specified; see `exemplar merge --help`\n"],
  ['gc none', /^exemplar: NAME: there is no campaign "none" in /],
  ['gc spring --keep 0', "exemplar: option '--keep <n>' argument '0' is invalid. a whole number from 1 is allowed; see `exemplar gc --help`\n"],
  ['gc spring --older-than soon', "exemplar: option '--older-than <time>' argument 'soon' is invalid. a number followed by s, m, h or d is allowed; see `exemplar gc --help`\n"],
  ['gc spring --keep-generation 9', 'exemplar: --keep-generation: "spring" has no generation 9; it has 1-3\n'],
  ['gc --keep-generation 1', 'exemplar: --keep-generation: needs NAME, as generations are numbered by dataset\n'],
  ['delete none', /^exemplar: NAME: there is no campaign "none" in /],
])('`exemplar %s` is refused in one line', async (line, expected) => {
  const { code, stdout, stderr } = await run(...line.split(' '));
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  if (typeof expected === 'string') expect(stderr).toBe(expected);
  else expect(stderr).toMatch(expected);
  expect(stderr.trimEnd()).not.toContain('\n');
});

test('gc says what would go and removes it only when it is told to', async () => {
  const dry = await run('gc', 'spring', '--keep', '1', '--older-than', '0s');
  expect(dry.stdout).toMatch(/^spring: keeps generations 3\n {2}would remove 2 manifests and \d+ files, [\d.]+ kB \(generations 1-2\)\nwould remove .* nothing is removed yet: `exemplar gc spring --delete` does it\n$/);
  expect(await readManifest(store, 'spring', 1)).not.toBeNull();
  const young = await json('gc', 'spring', '--keep', '1', '--delete');
  expect(young).toMatchObject({ code: 0, removed: true, manifests: 0, files: 0 });
  const removed = await json('gc', '--keep', '1', '--older-than', '0s', '--delete');
  expect(removed).toMatchObject({ code: 0, removed: true, manifests: 2 });
  expect((removed as unknown as { files: number }).files).toBeGreaterThan(0);
  for (const name of ['spring', 'summer', 'both']) expect(await json('verify', name)).toMatchObject({ code: 0, ok: true });
});

test('a campaign that runs is not deleted, nor is one that nobody can be asked about', async () => {
  await startOnce(client, 'campaign', { workflowId: campaignWorkflowId('autumn'), args: [{ campaign: 'autumn' }], typedSearchAttributes: [{ key: SEARCH.campaign, value: 'autumn' }] });
  const before = await keysUnder(datasetPrefix('autumn'));
  expect((await run('delete', 'autumn', '--yes')).stderr).toBe('exemplar: NAME: campaign "autumn" is running: `exemplar cancel autumn` first\n');
  await client.workflow.getHandle(campaignWorkflowId('autumn')).terminate('by hand');
  const { code, stderr } = await run('delete', 'autumn');
  expect(code).toBe(2);
  expect(stderr).toMatch(/^autumn, campaign: goes 1 generation of \d+ files, [\d.]+ kB, its settings, grants and outcomes\nstays: .*\nexemplar: --yes: required where nobody can be asked\n$/);
  expect(await keysUnder(datasetPrefix('autumn'))).toEqual(before);
});

test('delete leaves nothing under the name, and a killed one goes on', async () => {
  // what a killed deletion has left
  await store.put(deletingKey('autumn'), '{}');
  expect((await run('status', 'autumn')).stderr).toBe('exemplar: NAME: "autumn" is being deleted: `exemplar delete autumn` goes on\n');
  expect((await json('status')) as unknown as object).toMatchObject({ deleting: ['autumn'] });
  expect(await json('delete', 'autumn', '--yes')).toMatchObject({ code: 0, deleted: true });
  expect(await keysUnder(datasetPrefix('autumn'))).toEqual([]);
  expect(await json('delete', 'both', '--yes')).toMatchObject({ code: 0, kind: 'merged', deleted: true });
  expect(await keysUnder(datasetPrefix('both'))).toEqual([]);
  expect((await keysUnder('objects/')).length).toBeGreaterThan(0);
});
