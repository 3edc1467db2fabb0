import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessageBatch } from '@anthropic-ai/sdk/resources/messages/batches';
import { afterEach, expect, test, vi } from 'vitest';
import { packageRoot } from '../../infra/package-root.ts';
import { answered } from '../../activities/batches/wake.ts';
import { applySettings } from '../../activities/campaign-state.ts';
import { addSetting, readSettings } from '../../infra/campaign-records.ts';
import type { WaitingCall } from '../../schemas/batches.ts';
import { campaignKey, intentsPrefix, outcomeKey, waitingKey } from '../../schemas/keys.ts';
import { Law } from '../../schemas/law.ts';
import type { OutcomeRecord, ResponseRecord } from '../../schemas/records.ts';
import { batchProgressQuery, batchWorkflowId, campaignWorkflowId, progressQuery, situationWorkflowId } from '../../workflows/messages.ts';
import { Place } from '../harness/batches.ts';

vi.setConfig({ testTimeout: 240_000 });

const places: Place[] = [];
async function place(change: Record<string, unknown> = {}): Promise<Place> {
  const law = JSON.parse(readFileSync(join(packageRoot, 'test', 'durability', 'campaign', 'law.json'), 'utf8')) as object;
  const opened = await Place.open(Law.parse({ ...law, latencyMs: 0, faults: {}, batch: { latencyMs: 100 }, ...change }));
  places.push(opened);
  return opened;
}
afterEach(async () => {
  await Promise.all(places.splice(0).map((each) => each.close()));
});

/** One pass over two texts: a handful of rounds of batches. */
const SHORT = { actor: { alternatives: 0, maxPasses: 1 } };
const BATCH = { ...SHORT, model: { mode: 'batch' } };

async function until(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`it never came about that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** One situation, whose first batch is its draft. */
const ONE = { situations: { from: 'world', world: 'relief', count: 1, seed: 3 } };

function read<T>(at: Place, key: string): T {
  return JSON.parse(new TextDecoder().decode(at.store.objects.get(key))) as T;
}

const openBatches = async (at: Place, name: string) => (await at.engine.client.workflow.getHandle(batchWorkflowId(name)).query(batchProgressQuery)).open.length;

test('a campaign in batches makes the same files as one that asks call by call, at half the price', async () => {
  const [one, many] = [await place({ faults: { malformed: 0.1, refusal: 0.05 } }), await place({ faults: { malformed: 0.1, refusal: 0.05 } })];
  const name = await one.campaign({ ...SHORT, situations: { from: 'world', world: 'relief', count: 6, seed: 3 } });
  await many.campaign({ ...BATCH, situations: { from: 'world', world: 'relief', count: 6, seed: 3 } });
  const [single, batched] = await Promise.all([one.run(name), many.run(name)]);
  expect(batched.outcomes).toEqual(single.outcomes);
  expect(batched.calls).toBe(single.calls);
  expect(await many.files(name)).toEqual(await one.files(name));
  const [plain, half] = [await one.ledger(name), await many.ledger(name)];
  const cost = (rows: typeof plain) => new Map(rows.map((row) => [row.response, Number(row.nano_usd)]));
  const before = cost(plain);
  expect(half.length).toBeGreaterThan(15);
  for (const [response, usd] of cost(half)) expect(usd).toBe((before.get(response) as number) / 2);
  expect(half.every(({ batched: was }) => was)).toBe(true);
  expect(plain.some(({ batched: was }) => was)).toBe(false);
  expect(await many.paidAgain()).toEqual([]);
  expect((await many.paid()).length).toBe(batched.calls);
});

test('histories stay short: at most seven events a call, and a few small ones a batch', async () => {
  const at = await place();
  const name = await at.campaign(BATCH);
  const { calls } = await at.run(name);
  let events = 0;
  for (let index = 0; index < 6; index++) events += (await at.engine.client.workflow.getHandle(situationWorkflowId(name, index, 0)).fetchHistory()).events?.length ?? 0;
  // a situation begins, and ends with its outcome
  expect(events - 6 * 14).toBeLessThanOrEqual(7 * calls);
  const handle = at.engine.client.workflow.getHandle(batchWorkflowId(name));
  const { batches } = (await handle.result()) as { batches: number };
  const { events: own = [] } = await handle.fetchHistory();
  expect(own?.length).toBeLessThanOrEqual(60 * batches);
  for (const event of own ?? []) expect(JSON.stringify(event).length).toBeLessThan(6_000);
});

test('what has expired or failed by the provider is asked again, and nothing else', async () => {
  const law = { batch: { latencyMs: 100, expire: 0.15, error: 0.15 } };
  const [calm, rough] = [await place(), await place(law)];
  const name = await calm.campaign(SHORT);
  await rough.campaign(BATCH);
  const [, result] = await Promise.all([calm.run(name), rough.run(name)]);
  expect(await rough.files(name)).toEqual(await calm.files(name));
  expect(await rough.paidAgain()).toEqual([]);
  expect((await rough.paid()).length).toBe(result.calls);
  const ends = [...rough.store.objects].filter(([key]) => key.startsWith(intentsPrefix(name)) && key.endsWith('.end.json')).map(([, bytes]) => JSON.parse(new TextDecoder().decode(bytes)) as { succeeded: number; errored: number; expired: number });
  const sum = (kind: 'succeeded' | 'errored' | 'expired') => ends.reduce((total, end) => total + end[kind], 0);
  expect(sum('succeeded')).toBe(result.calls);
  expect(sum('expired')).toBeGreaterThan(0);
  expect(sum('errored')).toBeGreaterThan(0);
});

test('a request that can never be answered fails its situation, with the reason that the provider gives', async () => {
  const at = await place();
  const file = join(mkdtempSync(join(tmpdir(), 'no-world-')), 'situations.json');
  const nowhere = { task: 'plan', agent: 'field-rover', horizon: ['hours', 'days'], initial: 'nowhere', target: 'anywhere', parent: null, world: null };
  writeFileSync(file, JSON.stringify({ situations: [nowhere] }));
  const name = await at.campaign({ ...BATCH, budget: 5, situations: { from: 'file', file } });
  expect(await at.run(name)).toMatchObject({ outcomes: { failed: 1 }, nanoUsd: 0 });
  const outcome = JSON.parse(new TextDecoder().decode(at.store.objects.get(outcomeKey(name, 0, 0)))) as { reason: string; failedAt: string };
  // the provider bills no request that it has turned down
  expect(outcome).toMatchObject({ life: { charged: 0 }, failedAt: 'draft', reason: expect.stringMatching(/^Model\.BadRequest: invalid_request_error: /) as string });
});

test('a pause holds new batches, and resuming sends them', async () => {
  const at = await place();
  const name = await at.campaign(BATCH);
  const { ended } = await at.start(name);
  await until(async () => (await at.paid()).length > 0, 'a batch is answered');
  await at.change(name, { state: 'paused' });
  await until(async () => (await openBatches(at, name)) === 0, 'no batch is worked off');
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const paid = (await at.paid()).length;
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect((await at.paid()).length).toBe(paid);
  await at.change(name, { state: 'running' });
  expect(await ended).toMatchObject({ state: 'done' });
  expect(await at.paidAgain()).toEqual([]);
});

test('a cancelled campaign has its batch canceled, keeps what was answered, and goes on without buying it again', async () => {
  const latencyMs = 8_000;
  const [calm, at] = [await place(), await place({ batch: { latencyMs } })];
  const name = await calm.campaign(SHORT);
  await at.campaign(BATCH);
  const reference = calm.run(name);
  const { ended } = await at.start(name);
  // requests are worked off evenly, however many came into the first batch
  const answers = ({ created_at, request_counts: { processing } }: MessageBatch) => Date.parse(created_at) + latencyMs / processing < Date.now();
  await until(async () => (await at.batches()).some(answers), 'a request of a batch is answered');
  await at.change(name, { state: 'cancelled' });
  const cancelled = await ended;
  expect(cancelled).toMatchObject({ state: 'cancelled', outcomes: { converged: 0, failed: 0 } });
  const before = (await at.paid()).length;
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(6);
  await at.change(name, { state: 'running' }).catch(() => undefined);
  await at.run(name);
  await reference;
  expect(await at.files(name)).toEqual(await calm.files(name));
  expect(await at.paidAgain()).toEqual([]);
});

test('a cancellation in the Temporal UI holds for a call that comes to wait after it: it is not asked for before the campaign is resumed', async () => {
  const at = await place();
  const name = await at.campaign({ ...BATCH, ...ONE });
  const handle = at.engine.client.workflow.getHandle(campaignWorkflowId(name));
  const put = at.store.put.bind(at.store);
  at.store.put = async (key, body) => {
    if (key === waitingKey(name, 0, 0)) {
      await handle.cancel();
      await until(async () => (await handle.query(progressQuery)).state === 'cancelling', 'the campaign is being cancelled');
    }
    await put(key, body);
  };
  const { ended } = await at.start(name);
  expect(await ended).toMatchObject({ state: 'cancelled' });
  at.store.put = put;
  expect(await at.paid()).toEqual([]);
  // S3 says so too, whatever becomes of Temporal
  expect(applySettings(read(at, campaignKey(name)), await readSettings(at.store, name)).state).toBe('cancelled');
  await addSetting(at.store, name, { state: 'running' });
  expect(await at.run(name)).toMatchObject({ state: 'done', outcomes: { failed: 0 } });
  expect(await at.paidAgain()).toEqual([]);
});

test('a campaign that goes over to batches, and back, makes the same files; each call is asked one way', async () => {
  const [calm, at] = [await place(), await place()];
  const name = await calm.campaign(SHORT);
  await at.campaign({ ...SHORT, concurrency: 1 });
  const { ended } = await at.start(name);
  await until(async () => (await at.paid()).length >= 2, 'two calls are answered');
  await at.change(name, { mode: 'batch', concurrency: 3 });
  await until(async () => (await at.paid()).some(({ idempotencyKey }) => !idempotencyKey.startsWith('responses/')), 'a batch is answered');
  await at.change(name, { mode: 'interactive' });
  await Promise.all([ended, calm.run(name)]);
  expect(await at.files(name)).toEqual(await calm.files(name));
  expect(await at.paidAgain()).toEqual([]);
  const ledger = await at.ledger(name);
  expect(new Set(ledger.map(({ batched }) => batched))).toEqual(new Set([true, false]));
});

test('an answer of a batch that comes after another of its key is booked as lost, however soon the step looks', async () => {
  const law = { batch: { latencyMs: 4_000 } };
  const [calm, at] = [await place(law), await place(law)];
  const name = await calm.campaign({ ...SHORT, ...ONE });
  await at.campaign({ ...BATCH, ...ONE, budget: 5 });
  await calm.run(name);
  const { ended } = await at.start(name);
  await until(async () => (await openBatches(at, name).catch(() => 0)) === 1, 'a batch is worked off');
  const { key, run, activity } = read<WaitingCall>(at, waitingKey(name, 0, 0));
  const theirs = { ...read<ResponseRecord>(calm, key), campaign: 'another', run: 'of-another' };
  await at.store.putIfAbsent(key, JSON.stringify(theirs));
  await at.engine.client.activity.fail({ workflowId: situationWorkflowId(name, 0, 0), runId: run, activityId: activity }, answered());
  const { nanoUsd } = await ended;
  const ledger = await at.ledger(name);
  expect(ledger.filter(({ lost }) => lost).map(({ step, nano_usd }) => ({ step, usd: Number(nano_usd) }))).toEqual([{ step: 'draft', usd: (theirs.nanoUsd as number) / 2 }]);
  const sum = ledger.reduce((total, { nano_usd }) => total + Number(nano_usd), 0);
  expect(nanoUsd).toBe(sum);
  expect(read<OutcomeRecord>(at, outcomeKey(name, 0, 0)).life?.charged).toBe(sum);
  expect((await at.paid()).length).toBe(ledger.length);
});
