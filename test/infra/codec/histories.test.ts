import { randomBytes } from 'node:crypto';
import { defaultDataConverter, type Payload } from '@temporalio/common';
import { decode } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { Worker } from '@temporalio/worker';
import { Client } from '@temporalio/client';
import { expect, test, vi } from 'vitest';
import { dataConverterOf } from '../../../infra/codec/data-converter.ts';
import { encodingOf, ENCRYPTED } from '../../../infra/codec/encryption.ts';
import { REFERENCE } from '../../../infra/codec/references.ts';
import { controlSignal, QUEUES, situationWorkflowId, type ActorInput, type ExemplarResult } from '../../../workflows/messages.ts';
import { explainAnew, finding, noFindings, relabel, simpleDraft, StageModel, type Direction, type StepView } from '../../fakes/stage-model.ts';
import { sketchCampaign, situation } from '../../harness/campaigns.ts';
import { sealedWorkflows, startEngine, testStore, WORKFLOWS, type Engine } from '../../harness/engine.ts';

vi.setConfig({ testTimeout: 90_000 });

const store = testStore();
const keys = new Map([['k1', new Uint8Array(randomBytes(32))]]);
const ISSUE = 'the ford is too deep in May';

/** One finding, which is longer than a headline may be, and its revision. */
function director(view: StepView): Direction {
  switch (view.kind) {
    case 'draft':
      return simpleDraft(view.situation, 'walk');
    case 'critique':
      return view.plan?.nodes[1]?.text === 'walk' ? finding('n1', `${ISSUE} ${'and '.repeat(60)}`) : noFindings;
    case 'revise':
      return relabel('n1', 'run');
    case 'explain':
    case 'select':
      return explainAnew('another premise');
  }
}

async function startHeld(engine: Engine): Promise<string> {
  const campaign = await sketchCampaign(store, { situations: [situation(Math.floor(Math.random() * 1e9))], file: { actor: { maxPasses: 4, alternatives: 1 } } });
  const actor: ActorInput = { campaign: campaign.name, chapters: campaign.chapters.length, maxPasses: 4, alternatives: 1, maxReopen: 1, patienceMs: 60_000, firstGrant: 0 };
  const workflowId = situationWorkflowId(campaign.name, 0, 0);
  await engine.client.workflow.start('exemplar', { workflowId, taskQueue: QUEUES.orchestrate, staticSummary: 'a situation', args: [{ actor, index: 0, try: 0, page: 'none', allowance: null, held: true }] });
  return workflowId;
}

const finish = async ({ client }: Engine, workflowId: string) => {
  const handle = client.workflow.getHandle(workflowId);
  await handle.signal(controlSignal, 'go');
  return (await handle.result()) as ExemplarResult;
};
const historyOf = async ({ client }: Engine, workflowId: string) => await client.workflow.getHandle(workflowId).fetchHistory();

/** Temporal's own notes beside a payload: search attributes, names of patches, ids and times of what a workflow's worker did itself. */
const NOTES = new Set(['searchAttributes', 'patch-data', 'data']);

/** Every payload of a history but Temporal's own notes. */
function payloadsIn(value: unknown): Payload[] {
  if (value === null || typeof value !== 'object') return [];
  if ('metadata' in value && 'data' in value && value.data instanceof Uint8Array) return [value as Payload];
  return Object.entries(value).flatMap(([name, inner]) => (NOTES.has(name) ? [] : payloadsIn(inner)));
}
/** Every text and every byte of a history. */
function rawText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  return value === null || typeof value !== 'object' ? '' : Object.values(value).map(rawText).join('\n');
}
const dataBytes = (value: unknown) => payloadsIn(value).reduce((sum, { data }) => sum + (data?.length ?? 0), 0);

test('with keys a history holds no plain payload, its events stay within 500 bytes, and it replays', async () => {
  const engine = await startEngine(new StageModel(director), store, undefined, { keys });
  const workflowId = await startHeld(engine);
  const result = await finish(engine, workflowId);
  const history = await historyOf(engine, workflowId);
  await engine.stop();
  expect(result.outcome).toBe('converged');
  expect(payloadsIn(history).map(encodingOf).filter((encoding) => encoding !== ENCRYPTED)).toEqual([]);
  const inner = (history.events ?? []).slice(1, -1).map(dataBytes);
  console.log(`own payload an event, encrypted: largest ${Math.max(...inner)} bytes`);
  expect(Math.max(...inner)).toBeLessThanOrEqual(500);
  expect(rawText(history)).not.toContain(ISSUE);
  await Worker.runReplayHistory({ workflowBundle: await sealedWorkflows(), dataConverter: dataConverterOf(keys) }, history);
});

test('without keys the same history is in the clear, references marked: the check above can fail', async () => {
  const engine = await startEngine(new StageModel(director), store);
  const workflowId = await startHeld(engine);
  await finish(engine, workflowId);
  const history = await historyOf(engine, workflowId);
  await engine.stop();
  expect(new Set(payloadsIn(history).map(encodingOf))).toEqual(new Set(['json/plain', REFERENCE]));
  expect(rawText(history)).toContain(ISSUE);
});

test('encryption is turned on while a situation runs: its history is mixed, is read with the key and not without, and replays', async () => {
  const model = new StageModel(director);
  const before = await startEngine(model, store);
  const workflowId = await startHeld(before);
  await vi.waitFor(async () => expect((await historyOf(before, workflowId)).events?.some(({ workflowTaskCompletedEventAttributes: done }) => done != null)).toBe(true), { timeout: 20_000 });
  await before.stop();

  const after = await startEngine(model, store, undefined, { keys, namespace: before.namespace });
  const result = await finish(after, workflowId);
  const history = await historyOf(after, workflowId);
  const keyless = new Client({ connection: after.client.connection, namespace: after.namespace, dataConverter: dataConverterOf(null) });
  await expect(keyless.workflow.getHandle(workflowId).result()).rejects.toThrow('encrypted with the key "k1", which EXEMPLAR_PAYLOAD_KEYS');
  await after.stop();
  expect(result.outcome).toBe('converged');
  const encodings = payloadsIn(history).map(encodingOf);
  expect(encodings[0]).toBe('json/plain');
  expect(encodings.at(-1)).toBe(ENCRYPTED);
  const opened = await decode(dataConverterOf(keys).payloadCodecs ?? [], payloadsIn(history));
  expect(defaultDataConverter.payloadConverter.fromPayload(opened.at(-1) as Payload)).toEqual(result);
  await Worker.runReplayHistory({ workflowBundle: WORKFLOWS, dataConverter: dataConverterOf(keys) }, history);
});

test('what an activity fails with is encrypted, and the situation tells it', async () => {
  const secret = 'the model says: no such thing';
  const engine = await startEngine(new StageModel(() => Object.assign(new Error(secret), { status: 400 })), store, undefined, { keys });
  const workflowId = await startHeld(engine);
  const result = await finish(engine, workflowId);
  const history = await historyOf(engine, workflowId);
  await engine.stop();
  expect(result).toMatchObject({ outcome: 'failed', reason: expect.stringContaining(secret) as string });
  const failed = (history.events ?? []).flatMap(({ activityTaskFailedEventAttributes: failure }) => failure?.failure ?? []);
  expect(failed.map(({ message }) => message)).toEqual(['Encoded failure']);
  expect(rawText(history)).not.toContain('no such thing');
});
