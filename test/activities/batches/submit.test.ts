import type { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import type { BatchDesk } from '../../../activities/batches/desk.ts';
import { draft } from '../../../activities/batches/draft.ts';
import { Intents } from '../../../activities/batches/intents.ts';
import type { Bench } from '../../../activities/batches/ports.ts';
import { submit } from '../../../activities/batches/submit.ts';
import { CampaignReader } from '../../../activities/campaign-reader.ts';
import { Busy, type ModelRequest } from '../../../activities/model.ts';
import { Outages } from '../../../activities/outages.ts';
import { addSetting } from '../../../infra/campaign-records.ts';
import { NOTHING_LOST } from '../../../schemas/failure-types.ts';
import { intentsPrefix } from '../../../schemas/keys.ts';
import { sketchCampaign, situation } from '../../harness/campaigns.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { ScriptedBatches } from '../../fakes/scripted-batches.ts';

const request: ModelRequest = { model: 'm', maxTokens: 10, system: [{ text: 'rules' }], turns: [{ role: 'user', blocks: [{ text: 'go' }] }], schema: { type: 'object' }, structured: 'schema' };

/** A campaign in which so many situations wait. */
async function scene(waiting: number) {
  const store = new MemoryStore();
  const campaign = await sketchCampaign(store, { situations: [situation(1)] });
  const reader = new CampaignReader(store);
  const intents = new Intents(store, campaign.name);
  const batches = new ScriptedBatches();
  const woken: { index: number; type: string | null | undefined }[] = [];
  const desk: BatchDesk = {
    register: () => Promise.resolve(),
    knows: () => Promise.resolve(true),
    wake: ({ index }, _, { type }: ApplicationFailure) => Promise.resolve(void woken.push({ index, type })),
  };
  const bench: Bench = { reader, intents, batches, desk, campaign, provider: () => Promise.resolve(campaign.provider), outages: new Outages(() => Promise.resolve()) };
  const sha256 = await reader.save(JSON.stringify(request));
  for (let index = 0; index < waiting; index++) await intents.wait({ schema: 1, index, try: 0, key: `k${index}`, request: sha256, requestChars: 7, worstCase: 1, run: 'r', activity: '1', errors: 0 });
  const ask = { run: 'run', n: 0, waiting: `0:0-${waiting - 1}` };
  return { store, campaign, bench, batches, intents, woken, ask };
}

test('an attempt whose answer was lost has its intent found by the next, which asks for nothing', async () => {
  const { bench, batches, ask } = await scene(3);
  batches.mishaps.push({ made: true, error: new Error('socket hang up') });
  await expect(submit(bench, ask)).rejects.toThrow('socket hang up');
  const again = await submit(bench, ask);
  expect(again.batch).toMatchObject({ members: '0:0-2', requests: 3 });
  expect(batches.created).toBe(1);
});

test('situations that came to wait after an attempt was lost are left for another batch', async () => {
  const { bench, batches, ask } = await scene(3);
  batches.mishaps.push({ made: false, error: new Error('timeout') });
  await submit(bench, { ...ask, waiting: '0:0-1' }).catch(() => undefined);
  expect(await submit(bench, ask)).toMatchObject({ batch: { members: '0:0-1' }, left: '0:2' });
});

test('a request that the provider refused has made no batch: its intent is void, and another asks once more', async () => {
  const { bench, batches, intents, ask } = await scene(2);
  batches.mishaps.push({ made: false, error: Object.assign(new Error('unauthorized'), { status: 401 }) }, { made: false, error: new Busy('busy', 1) });
  await expect(submit(bench, ask)).rejects.toThrow('unauthorized');
  const { batch } = await submit(bench, ask);
  expect(batches.created).toBe(3);
  expect((await intents.open()).map(({ id }) => id)).toEqual([batch?.intent]);
  expect(await intents.batchOf(batch?.intent as string)).toBe('batch_0');
});

/** Intents that have been put, void ones included. */
async function put(store: MemoryStore, campaign: string): Promise<number> {
  let count = 0;
  for await (const { key } of store.list(intentsPrefix(campaign))) if (key.endsWith('.calls.json')) count += 1;
  return count;
}

test('an intent that a busy provider has not taken is held, and asked for again, however long that takes', async () => {
  const { bench, batches, store, campaign, intents, ask } = await scene(2);
  // longer than a request may take to begin
  batches.mishaps.push({ made: false, error: new Busy('busy', 2_500) }, { made: false, error: new Busy('busy', 1) });
  const { batch } = await submit(bench, ask);
  expect(batches.created).toBe(3);
  expect(await put(store, campaign.name)).toBe(1);
  expect((await intents.read(batch?.intent as string))?.at).toBe(batch?.at);
});

test('an intent that is held while the campaign is paused is void', async () => {
  const { bench, batches, store, campaign, intents, ask } = await scene(2);
  batches.mishaps.push({ made: false, error: new Busy('busy', 1) });
  const create = batches.create.bind(batches);
  batches.create = async (requests) => {
    await addSetting(store, campaign.name, { state: 'paused' });
    return await create(requests);
  };
  expect(await submit(bench, ask)).toMatchObject({ state: 'paused', batch: null, left: '0:0-1' });
  expect(await intents.open()).toEqual([]);
});

test('as long as the provider lets nobody in, attempts put no further intents', async () => {
  const { bench, batches, store, campaign, ask } = await scene(2);
  const unauthorized = Object.assign(new Error('unauthorized'), { status: 401 });
  batches.mishaps.push({ made: false, error: unauthorized });
  batches.locked = unauthorized;
  for (let attempt = 0; attempt < 3; attempt++) await expect(submit(bench, ask)).rejects.toMatchObject({ message: 'unauthorized', details: [NOTHING_LOST] });
  expect(await put(store, campaign.name)).toBe(1);
  batches.locked = null;
  expect((await submit(bench, ask)).batch).toMatchObject({ members: '0:0-1' });
  expect(await put(store, campaign.name)).toBe(2);
});

test('a batch that others have given up for lost before it was recorded is canceled', async () => {
  const { bench, batches, intents, ask } = await scene(1);
  const late = { ...bench, batches: Object.assign(Object.create(batches) as ScriptedBatches, { create: async (requests: never, options: { idempotencyKey: string }) => {
    await intents.record(options.idempotencyKey, null);
    return await batches.create(requests);
  } }) };
  await submit(late, ask);
  expect(batches.canceled).toEqual(['batch_0']);
});

test.each(['paused', 'cancelled'] as const)('a %s campaign asks for nothing, and writes no intent', async (state) => {
  const { bench, batches, store, campaign, intents, ask } = await scene(2);
  await addSetting(store, campaign.name, { state });
  expect(await submit(bench, ask)).toMatchObject({ state, batch: null, left: '0:0-1' });
  expect(batches.created).toBe(0);
  expect(await intents.open()).toEqual([]);
});

test('an answer that has come meanwhile is not asked for: its step is woken', async () => {
  const { bench, store, woken, ask } = await scene(3);
  await store.putIfAbsent('k1', '{}');
  expect((await submit(bench, ask)).batch).toMatchObject({ members: '0:0,2' });
  expect(woken).toEqual([{ index: 1, type: 'Batch.Answered' }]);
});

test('an answer that comes between drafting and intent is not asked for again: a step that sees it then knows of no batch', async () => {
  const { bench, batches, store, campaign, intents, woken, ask } = await scene(3);
  const putIfAbsent = store.putIfAbsent.bind(store);
  store.putIfAbsent = async (key, body) => {
    if (key.startsWith(intentsPrefix(campaign.name)) && key.endsWith('.calls.json')) await putIfAbsent('k1', '{}');
    return await putIfAbsent(key, body);
  };
  const { batch } = await submit(bench, ask);
  expect(batch).toMatchObject({ members: '0:0,2', requests: 2 });
  expect(batches.created).toBe(1);
  expect(woken).toEqual([{ index: 1, type: 'Batch.Answered' }]);
  expect((await intents.open()).map(({ id }) => id)).toEqual([batch?.intent]);
});

test('calls that are in open batches are left to those, where not all of them are known to who asks', async () => {
  const { bench, batches, intents, ask } = await scene(4);
  await submit(bench, { ...ask, waiting: '0:0-1' });
  expect(await submit(bench, { ...ask, n: 1, unseen: true })).toMatchObject({ batch: { members: '0:2-3' }, left: '' });
  expect(await submit(bench, { ...ask, n: 2, unseen: true })).toMatchObject({ batch: null, left: '' });
  expect(batches.created).toBe(2);
  expect(await intents.asked()).toEqual(new Set(['k0', 'k1', 'k2', 'k3']));
});

test('a batch holds as many requests and bytes as the provider takes; the rest is left', async () => {
  const { bench } = await scene(10);
  expect(await draft(bench, '0:0-9', { requests: 4 })).toMatchObject({ calls: { length: 4 }, left: '0:4-9' });
  const { bytes } = await draft(bench, '0:0-2');
  expect(await draft(bench, '0:0-9', { bytes })).toMatchObject({ calls: { length: 3 }, bytes, left: '0:3-9' });
});
