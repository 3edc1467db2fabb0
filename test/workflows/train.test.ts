import { randomBytes } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { TrainInput } from '../../activities/training.ts';
import { manifestKey } from '../../schemas/keys.ts';
import { TrainFile } from '../../schemas/training.ts';
import { pauseSignal, QUEUES, resumeSignal, trainingQuery, trainWorkflowId } from '../../workflows/messages.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { StageModel } from '../fakes/stage-model.ts';
import { startEngine, type Engine } from '../harness/engine.ts';
import { resultOf, StandInTrainer } from '../harness/trainer.ts';

vi.setConfig({ testTimeout: 60_000 });

const WAIT = { timeout: 30_000, interval: 50 };
/** Together more than the 4 MiB of history from which the server suggests to continue as new, though payloads be compressed; one is below the limit of a request. */
const LARGE_SIGNALS = 12;
const LARGE = 750_000;
const store = new MemoryStore();
let engine: Engine;
let trainer: StandInTrainer;
let runs = 0;

beforeAll(async () => {
  const nobody = new StageModel(() => {
    throw new Error('a training asks no model');
  });
  engine = await startEngine(nobody, store);
  trainer = await StandInTrainer.start(engine);
});
afterAll(async () => {
  await trainer.stop();
  await engine.stop();
});

async function start(fields: Partial<TrainFile> = {}): Promise<{ handle: WorkflowHandle; input: TrainInput }> {
  const name = `run-${++runs}`;
  const file = TrainFile.parse({ name, campaign: name, ...fields });
  const input: TrainInput = { ...file, uri: `s3://b/datasets/${file.campaign}`, checkpoints: `s3://b/checkpoints/${name}` };
  return { handle: await engine.client.workflow.start('train', { workflowId: trainWorkflowId(name), taskQueue: QUEUES.orchestrate, args: [input] }), input };
}

const statusOf = async (handle: WorkflowHandle) => (await handle.describe()).status.name;
const state = async (handle: WorkflowHandle) => await handle.query(trainingQuery);
const failureOf = async (handle: WorkflowHandle) => await handle.result().then(() => null, (error: { cause?: unknown }) => error.cause);
/** How many activities have been begun for the run. */
async function trainings(handle: WorkflowHandle): Promise<number> {
  return ((await handle.fetchHistory()).events ?? []).filter(({ activityTaskScheduledEventAttributes: of }) => of?.activityType?.name === 'train').length;
}

test('a paused run ends its activity with a checkpoint, and goes on after the resume with the same input', async () => {
  const { handle, input } = await start();
  const first = await trainer.next();
  const { wait: _, ...config } = input;
  expect(first.config).toEqual(config);
  expect(await state(handle)).toEqual({ paused: false, waiting: '' });

  await handle.signal(pauseSignal);
  await first.cancelled;
  first.putCheckpoint();
  await vi.waitFor(async () => expect((await handle.describe()).raw.pendingActivities).toEqual([]), WAIT);
  expect(await state(handle)).toEqual({ paused: true, waiting: '' });
  expect(await trainings(handle)).toBe(1);

  await handle.signal(resumeSignal);
  const second = await trainer.next();
  expect(second.config).toEqual(first.config);
  expect(await state(handle)).toEqual({ paused: false, waiting: '' });
  second.end();
  expect(await handle.result()).toEqual(resultOf(config));
});

test('resumed while the checkpoint is put, it begins no other activity before that', async () => {
  const { handle } = await start();
  const first = await trainer.next();
  await handle.signal(pauseSignal);
  await first.cancelled;
  await handle.signal(resumeSignal);
  expect(await state(handle)).toEqual({ paused: false, waiting: '' });
  expect(await trainings(handle)).toBe(1);
  first.putCheckpoint();
  (await trainer.next()).end();
  expect(await handle.result()).toMatchObject({ step: 20 });
});

test('a trainer that is lost while it stops leaves the run paused', async () => {
  const { handle } = await start();
  const first = await trainer.next();
  await handle.signal(pauseSignal);
  await first.cancelled;
  first.end(ApplicationFailure.create({ type: 'Train.ProcessDied', message: 'the training process died' }));
  await vi.waitFor(async () => expect((await handle.describe()).raw.pendingActivities).toEqual([]), WAIT);
  expect(await state(handle)).toEqual({ paused: true, waiting: '' });
  await handle.signal(resumeSignal);
  (await trainer.next()).end();
  expect(await handle.result()).toMatchObject({ step: 20 });
});

test('what ends a run for good ends it also while it stops, and so does its result', async () => {
  const { handle } = await start();
  const first = await trainer.next();
  await handle.signal(pauseSignal);
  await first.cancelled;
  first.end(ApplicationFailure.nonRetryable('the loss is NaN', 'Train.Diverged'));
  expect(await failureOf(handle)).toMatchObject({ cause: { type: 'Train.Diverged' } });
  expect(await statusOf(handle)).toBe('FAILED');

  const other = await start();
  const last = await trainer.next();
  await other.handle.signal(pauseSignal);
  await last.cancelled;
  last.end();
  expect(await other.handle.result()).toMatchObject({ step: 20 });
});

test('a cancelled run ends as cancelled once its checkpoint is put', async () => {
  const { handle } = await start();
  const training = await trainer.next();
  await handle.cancel();
  await training.cancelled;
  expect(await statusOf(handle)).toBe('RUNNING');
  training.putCheckpoint();
  expect(await failureOf(handle)).toBeInstanceOf(CancelledFailure);
  expect(await statusOf(handle)).toBe('CANCELLED');

  const lost = await start();
  const dying = await trainer.next();
  await lost.handle.cancel();
  await dying.cancelled;
  dying.end(ApplicationFailure.create({ type: 'Train.ProcessDied', message: 'the training process died' }));
  expect(await failureOf(lost.handle)).toBeInstanceOf(CancelledFailure);
});

test('a paused run is cancelled without another activity', async () => {
  const { handle } = await start();
  const training = await trainer.next();
  await handle.signal(pauseSignal);
  await training.cancelled;
  training.putCheckpoint();
  await vi.waitFor(async () => expect((await handle.describe()).raw.pendingActivities).toEqual([]), WAIT);
  await handle.cancel();
  expect(await failureOf(handle)).toBeInstanceOf(CancelledFailure);
  expect([await statusOf(handle), await trainings(handle), trainer.unasked]).toEqual(['CANCELLED', 1, 0]);
});

test('a run that is paused before it has begun begins at the resume', async () => {
  const name = `run-${++runs}`;
  const { wait: _, ...config } = { ...TrainFile.parse({ name, campaign: name }), uri: 'u', checkpoints: 'c' };
  const handle = await engine.client.workflow.signalWithStart('train', { workflowId: trainWorkflowId(name), taskQueue: QUEUES.orchestrate, args: [config], signal: pauseSignal });
  expect(await state(handle)).toEqual({ paused: true, waiting: '' });
  expect(await trainings(handle)).toBe(0);
  await handle.signal(resumeSignal);
  (await trainer.next()).end();
  expect(await handle.result()).toEqual(resultOf(config));
});

test('a run that waits for data begins when its generation is published', async () => {
  const any = await start({ wait: true });
  // of a pinned generation, the one before it is not enough
  await store.putIfAbsent(manifestKey('pinned', 1), '{}');
  const pinned = await start({ campaign: 'pinned', wait: true, generation: 2 });
  for (const [{ handle, input }, generation] of [[any, 1], [pinned, 2]] as const) {
    await vi.waitFor(async () => expect(await state(handle)).toEqual({ paused: false, waiting: `generation ${generation} of campaign ${input.campaign}` }), WAIT);
    expect(await trainings(handle)).toBe(0);
    await store.putIfAbsent(manifestKey(input.campaign, generation), '{}');
  }
  const begun = [await trainer.next(), await trainer.next()];
  for (const { handle, input } of [any, pinned]) {
    const { wait: _, ...config } = input;
    expect(begun.map((training) => training.config)).toContainEqual(config);
    expect(await state(handle)).toEqual({ paused: false, waiting: '' });
  }
  for (const training of begun) training.end();
  for (const { handle, input } of [any, pinned]) expect(await handle.result()).toMatchObject({ run: input.name });
});

test('a run that has waited long continues as new, and waits on', async () => {
  const { handle, input } = await start({ wait: true });
  await vi.waitFor(async () => expect(await state(handle)).toMatchObject({ waiting: expect.stringContaining('generation 1') as string }), WAIT);
  // of no effect, but for the size of its history
  for (let sent = 0; sent < LARGE_SIGNALS; sent++) await handle.signal(resumeSignal.name, randomBytes(LARGE / 2).toString('hex'));
  const { runId } = await handle.describe();
  const latest = engine.client.workflow.getHandle(handle.workflowId);
  await vi.waitFor(async () => expect((await latest.describe()).runId).not.toBe(runId), WAIT);
  await store.putIfAbsent(manifestKey(input.campaign, 1), '{}');
  (await trainer.next()).end();
  expect(await latest.result()).toMatchObject({ run: input.name });
});

test('a run that waits for data can be paused and cancelled', async () => {
  const { handle, input } = await start({ wait: true });
  const waiting = `generation 1 of campaign ${input.campaign}`;
  await vi.waitFor(async () => expect(await state(handle)).toEqual({ paused: false, waiting }), WAIT);
  await handle.signal(pauseSignal);
  expect(await state(handle)).toEqual({ paused: true, waiting });
  await handle.cancel();
  expect(await failureOf(handle)).toBeInstanceOf(CancelledFailure);
  expect(await trainings(handle)).toBe(0);
});
