import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Intents } from '../../activities/batches/intents.ts';
import { CampaignReader } from '../../activities/campaign-reader.ts';
import { formatTries, LONGEST_TRIES, triesInPieces, type Tried } from '../../activities/ranges.ts';
import { intentKey, intentsPrefix } from '../../schemas/keys.ts';
import { batchControlSignal, batchProgressQuery, batchWaitSignal, batchWorkflowId, QUEUES } from '../../workflows/messages.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { ScriptedBatches } from '../fakes/scripted-batches.ts';
import { noFindings, StageModel } from '../fakes/stage-model.ts';
import { situation, sketchCampaign } from '../harness/campaigns.ts';
import { startEngine, type Engine } from '../harness/engine.ts';

vi.setConfig({ testTimeout: 240_000 });

/** Every second situation of 20,000 waits: as ranges, each takes some six characters. */
const SCATTERED = Array.from({ length: 10_000 }, (_, i): Tried => ({ index: 2 * i, try: 0 }));
/** Of own payload in a start, result or continue-as-new, bytes. */
const MOST_PAYLOAD = 20_000;
/** Events after which the workflow continues as new. */
const LONGEST_HISTORY = 4_000;

const batches = new ScriptedBatches();
const store = new MemoryStore();
let engine: Engine;

beforeAll(async () => {
  engine = await startEngine(new StageModel(() => noFindings), store, 'simulated:test-law', { batches });
});
afterAll(async () => {
  await engine.stop();
});

async function until(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const deadline = Date.now() + 150_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`it never came about that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Bytes of all payloads in an event. */
function payloadOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  return value === null || typeof value !== 'object' ? 0 : Object.values(value).reduce((sum: number, each) => sum + payloadOf(each), 0);
}

test('ten thousand scattered situations are asked for once each, in batches that one event can tell of; what a next run forgets, S3 knows', async () => {
  const { name } = await sketchCampaign(store, { situations: [situation(1)] });
  const request = await new CampaignReader(store).save('{}');
  const intents = new Intents(store, name);
  for (const { index } of SCATTERED) await intents.wait({ schema: 1, index, try: 0, key: `k${index}`, request, requestChars: 1, worstCase: 1, run: 'r', activity: '1', errors: 0 });
  const workflowId = batchWorkflowId(name);
  const register = async () => {
    for (const waiting of triesInPieces(formatTries(SCATTERED))) {
      await engine.client.workflow.signalWithStart('batch', { workflowId, taskQueue: QUEUES.orchestrate, args: [{ campaign: name }], signal: batchWaitSignal, signalArgs: [waiting] });
    }
  };
  const asked = () => batches.batches.reduce((sum, { requests }) => sum + requests, 0);
  await register();
  const handle = engine.client.workflow.getHandle(workflowId);
  await until(() => asked() >= SCATTERED.length, 'all are asked for');
  const { runId } = await handle.describe();

  const first = engine.client.workflow.getHandle(workflowId, runId);
  while ((await first.describe()).historyLength < LONGEST_HISTORY) {
    await Promise.all(Array.from({ length: 100 }, () => first.signal(batchControlSignal, 'go')));
    // each task then holds but these
    await first.query(batchProgressQuery);
  }
  await until(async () => (await handle.describe()).runId !== runId, 'the workflow has continued as new');
  const { events } = await first.fetchHistory();
  const sizes = (events ?? []).map(payloadOf);
  expect(Math.max(...sizes)).toBeLessThan(MOST_PAYLOAD);
  expect(Math.max(...sizes.slice(0, -1))).toBeLessThan(2 * LONGEST_TRIES);

  // as each does when its lease has ended
  await register();
  await until(async () => (await handle.query(batchProgressQuery)).gathering === 0, 'nobody waits to be asked for');
  expect(asked()).toBe(SCATTERED.length);
  const keys = new Set<string>();
  for (const key of store.objects.keys()) if (key.startsWith(intentsPrefix(name)) && key.endsWith('.calls.json')) for (const call of (await intents.read(idOf(name, key)))?.calls ?? []) keys.add(call.key);
  expect(keys.size).toBe(SCATTERED.length);

  // what has expired is asked for again, also of batches whose situations the run has not been told
  for (const { id } of [...batches.batches]) batches.end(id, { expired: true });
  await until(() => asked() >= 2 * SCATTERED.length, 'all are asked for once more');
  expect(asked()).toBe(2 * SCATTERED.length);
  await handle.terminate();
});

/** Of the object with its calls. */
function idOf(campaign: string, key: string): string {
  const [before, after] = intentKey(campaign, '|', 'calls').split('|') as [string, string];
  return key.slice(before.length, -after.length);
}
