import { randomBytes } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { publish } from '../../../activities/shards/manifest.ts';
import { Failure } from '../../../cli/errors.ts';
import type { Output } from '../../../cli/output.ts';
import type { Session } from '../../../cli/session.ts';
import { changeTraining, resumeTraining, showTraining } from '../../../cli/training/change.ts';
import { trainingText } from '../../../cli/training/result.ts';
import { trainToEnd } from '../../../cli/training/training.ts';
import { viewTraining } from '../../../cli/training/view.ts';
import { TrainFile } from '../../../schemas/training.ts';
import type { CampaignRecord } from '../../../schemas/records.ts';
import { StageModel } from '../../fakes/stage-model.ts';
import { situation, sketchCampaign } from '../../harness/campaigns.ts';
import { startEngine, testStore, type Engine } from '../../harness/engine.ts';
import { resultOf, StandInTrainer } from '../../harness/trainer.ts';

vi.setConfig({ testTimeout: 60_000 });

const WAIT = { timeout: 30_000, interval: 50 };
/* Payloads are encrypted: what a training says with its heartbeats is shown all the same. */
const KEYS = new Map([['k1', randomBytes(32)]]);
const store = testStore();
let engine: Engine;
let trainer: StandInTrainer;
let session: Session;

beforeAll(async () => {
  engine = await startEngine(new StageModel(() => { throw new Error('a training asks no model'); }), store, 'simulated:test-law', { keys: KEYS });
  trainer = await StandInTrainer.start(engine, KEYS);
  session = { client: engine.client, store } as unknown as Session;
});
afterAll(async () => {
  await trainer.stop();
  await engine.stop();
});

/** What a verb says and prints. */
class Heard implements Output {
  readonly json = false;
  readonly said: string[] = [];
  text = '';
  value: object = {};
  readonly say = (line: string): void => void this.said.push(line);
  result(value: object, text: string): void {
    Object.assign(this, { value, text });
  }
}

const campaign = async () => await sketchCampaign(store, { situations: [situation(1)] });
const publishFirst = async (record: CampaignRecord) => await publish(store, record, { count: 1, duplicates: 0 }, []);
const fileOf = ({ name }: CampaignRecord, fields: Partial<TrainFile> = {}) => TrainFile.parse({ name, campaign: name, ...fields });

async function heard(verb: (output: Output) => Promise<unknown>): Promise<Heard> {
  const output = new Heard();
  await verb(output);
  return output;
}

const stateOf = async ({ name }: CampaignRecord) => (await viewTraining(engine.client, name)).state;
const reaches = async (record: CampaignRecord, state: string) => await vi.waitFor(async () => expect(await stateOf(record)).toBe(state), WAIT);

test('a training waits for its data, is paused and resumed, and all of that is shown', async () => {
  const record = await campaign();
  const { name } = record;
  const output = new Heard();
  const ended = trainToEnd(session, fileOf(record, { wait: true }), output);
  await vi.waitFor(() => expect(output.said).toEqual([`waiting: generation 1 of campaign ${name}`]), WAIT);
  expect((await heard((to) => showTraining(session, name, to, false))).text).toBe(`training ${name}: waiting, for generation 1 of campaign ${name}`);
  await publishFirst(record);
  const first = await trainer.next();
  await vi.waitFor(() => expect(output.said).toContain('training 7/20: loss 1.2500'), WAIT);
  expect(await viewTraining(engine.client, name)).toEqual({ run: name, state: 'running', waiting: '', step: 7, steps: 20, loss: 1.25, checkpoint: null });

  expect((await heard((to) => changeTraining(session, name, 'paused', to))).text).toBe(`training ${name} is paused: what runs puts a checkpoint; \`exemplar resume train/${name}\` goes on from it`);
  await first.cancelled;
  await reaches(record, 'pausing');
  await vi.waitFor(() => expect(output.said.at(-1)).toBe(`pausing: a checkpoint is put; \`exemplar resume train/${name}\` goes on`), WAIT);
  first.putCheckpoint();
  await vi.waitFor(() => expect(output.said.at(-1)).toBe(`paused; \`exemplar resume train/${name}\` goes on`), WAIT);

  const resumed = new Heard();
  const followed = resumeTraining(session, name, resumed, false);
  const second = await trainer.next();
  expect(second.config).toEqual(first.config);
  // the first attempt fails, and why is told
  second.end(ApplicationFailure.create({ message: 'the training process died' }));
  const third = await trainer.next();
  await vi.waitFor(() => expect(output.said).toContain('attempt 2 follows: the training process died'), WAIT);
  third.end();
  const result = resultOf(third.config);
  expect(await ended).toEqual(result);
  await followed;
  expect(resumed.text).toBe(trainingText(result));
  expect(await heard((to) => showTraining(session, name, to, false))).toMatchObject({ text: trainingText(result), value: { state: 'done', result } });
  expect((await heard((to) => changeTraining(session, name, 'paused', to))).text).toBe(`training ${name} is done: there is nothing to pause`);
});

test('a training that is cancelled says so, and is not resumed but trained again', async () => {
  const record = await campaign();
  const { name } = record;
  await publishFirst(record);
  const ended = trainToEnd(session, fileOf(record), new Heard()).catch((error: unknown) => error);
  const training = await trainer.next();
  expect(await heard((to) => changeTraining(session, name, 'cancelled', to))).toMatchObject({
    value: { told: true },
    text: `training ${name} is cancelled: what runs puts a checkpoint; \`exemplar train FILE\` goes on from it`,
  });
  await training.cancelled;
  await reaches(record, 'cancelling');
  training.putCheckpoint();
  expect(await ended).toEqual(new Failure(`training ${name} was cancelled; \`exemplar train FILE\` goes on from its newest checkpoint`));
  expect(await stateOf(record)).toBe('cancelled');
  await expect(resumeTraining(session, name, new Heard(), true)).rejects.toThrow(`NAME: training "${name}" is cancelled; \`exemplar train FILE\` goes on from its newest checkpoint`);

  const again = trainToEnd(session, fileOf(record), new Heard());
  (await trainer.next()).end();
  expect(await again).toMatchObject({ run: name });
});

test('a training starts from the checkpoint of another one that its file names', async () => {
  for (const key of ['earlier/00000007/state.json', 'earlier/00000009/model.safetensors']) await store.put(`checkpoints/${key}`, '{}');
  for (const [startFrom, place] of [['earlier', 'earlier'], ['earlier/7', 'earlier/00000007']] as const) {
    const record = await campaign();
    await publishFirst(record);
    const ended = trainToEnd(session, fileOf(record, { startFrom }), new Heard());
    const begun = await trainer.next();
    expect(begun.config.startFrom).toBe(`s3://${store.bucket}/checkpoints/${place}`);
    begun.end();
    await ended;
  }
  const record = await campaign();
  await publishFirst(record);
  for (const [startFrom, missing] of [['later', 'training run "later" with a complete checkpoint'], ['earlier/9', 'complete checkpoint "earlier/9"'], ['./earlier', 'training run "./earlier" with a complete checkpoint']] as const) {
    await expect(trainToEnd(session, fileOf(record, { startFrom }), new Heard())).rejects.toThrow(`startFrom: no ${missing} in ${store.describe()}; known runs: earlier`);
  }
});

test('what cannot be trained, or is not there, is a usage error', async () => {
  const record = await campaign();
  const { name } = record;
  const where = store.describe();
  await expect(trainToEnd(session, fileOf(record), new Heard())).rejects.toThrow(`campaign: "${name}" has no published generation in ${where}; run it first, or set wait: true`);
  await publishFirst(record);
  await expect(trainToEnd(session, fileOf(record, { generation: 2 }), new Heard())).rejects.toThrow(`campaign: "${name}" has no generation 2 in ${where}; run it first, or set wait: true`);
  const verbs = [
    (to: Output) => changeTraining(session, name, 'paused', to),
    (to: Output) => resumeTraining(session, name, to, true),
    (to: Output) => showTraining(session, name, to, false),
  ];
  for (const verb of verbs) {
    await expect(heard(verb)).rejects.toThrow(`NAME: there is no training run "${name}" in Temporal; \`exemplar train FILE\` starts the one that FILE names`);
  }
});

test('a result shows nats and ranks of each split, and what is missing as a dash', () => {
  const empty = { nats: null, pairAccuracy: null, pairs: 0, interval: null, chance: 0.5, top1: null, top1Chance: null, situations: 0, longerFirst: null, note: 'No situation with a positive and a negative in this split.' };
  const long = { cut: { conditions: 0, texts: 1, explanations: 2 } };
  const config = { ...TrainFile.parse({ name: 'shown', campaign: 'shown' }), uri: 'u', checkpoints: 'c' };
  const result = resultOf(config);
  expect(trainingText({ ...result, validation: { ...result.validation, ...long }, test: empty })).toBe(
    [
      'training shown: 20 steps on cpu, generation 1, last loss 0.5000',
      '  SPLIT       NATS A PLAN  PAIRS RIGHT        95 %  CHANCE  LONGER FIRST  PAIRS  BEST FIRST  CHANCE  SITUATIONS',
      '  train             41.50       75.0 %  40.0..90.0  50.0 %        50.0 %      8      50.0 %  30.0 %           4',
      '  validation        41.50       75.0 %  40.0..90.0  50.0 %        50.0 %      8      50.0 %  30.0 %           4',
      '  test                  -            -           -  50.0 %             -      0           -       -           0',
      '  nats a plan: mean -log p of final versions; pairs: a final and an earlier version, ranked by log p - log p_draft (by log p after imitation)',
      '  validation: 0 conditions, 1 text of final plans and 2 explanations are too long for the actor, and lost their ends.',
      '  test: No situation with a positive and a negative in this split.',
      'checkpoint   s3://b/checkpoints/shown/00000020',
    ].join('\n'),
  );
});
