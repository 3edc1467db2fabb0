import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WorkflowHandle } from '@temporalio/client';
import { grantEstimate } from '../../activities/pricing.ts';
import { readBudget, setCap } from '../../activities/budget.ts';
import { addSetting, readSettings } from '../../infra/campaign-records.ts';
import type { S3Store } from '../../infra/store-s3.ts';
import { outcomeKey } from '../../schemas/keys.ts';
import type { CampaignRecord } from '../../schemas/records.ts';
import { campaignWorkflowId, progressQuery, QUEUES, recallSignal, settingsSignal, type CampaignProgress } from '../../workflows/messages.ts';
import { explainAnew, noFindings, simpleDraft, StageModel, type Direction, type StepView } from '../fakes/stage-model.ts';
import { situation, sketchCampaign } from '../harness/campaigns.ts';
import { bucketOf, startEngine, type Engine } from '../harness/engine.ts';
import { haveHeard } from '../harness/heard.ts';

/** Each call of the stage model costs so many nano-dollars. */
const CALL = 6_000_000;
const actor = { maxPasses: 3, alternatives: 1 };

let release = () => {};
let gate: { holds: (view: StepView) => boolean; open: Promise<void> } | null = null;
const model = new StageModel(async (view) => {
  if (gate?.holds(view) === true) await gate.open;
  return play(view);
});
let store: S3Store;
let engine: Engine;

/** Whose calls are turned down, and whose plan is so long that its next call needs more than was granted at first. */
let turnedDown: string[] = [];
let long = '';

function play(view: StepView): Direction {
  if (turnedDown.includes(view.situation.initial)) return Object.assign(new Error('no'), { status: 400 });
  if (view.kind === 'draft' && view.situation.initial === long) return simpleDraft(view.situation, 'walk '.repeat(40_000));
  if (view.kind === 'draft') return simpleDraft(view.situation, 'walk');
  return view.kind === 'explain' ? explainAnew('another premise') : noFindings;
}

beforeAll(async () => {
  store = await bucketOf('capped');
  engine = await startEngine(model, store, 'origin:http://stage');
});
afterAll(async () => {
  await engine.stop();
});

const sketch = (offset: number, file: Record<string, unknown> = {}) =>
  sketchCampaign(store, { situations: Array.from({ length: 4 }, (_, i) => situation(offset + i)), file: { concurrency: 2, pageSize: 2, actor, ...file }, law: null });

async function start({ name }: CampaignRecord) {
  return await engine.client.workflow.start('campaign', { workflowId: campaignWorkflowId(name), taskQueue: QUEUES.orchestrate, args: [{ campaign: name }] });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true within 40 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const held = async (name: string) => (await readBudget(store)).holds[name];

test('campaigns without budgets of their own share the cap, never exceed it, and leave what they have not spent', { timeout: 180_000 }, async () => {
  const cap = 0.5e9;
  await setCap(store, cap);
  const campaigns = [await sketch(0), await sketch(100)];
  const results = await Promise.all(campaigns.map(async (campaign) => (await (await start(campaign)).result()) as CampaignProgress));
  const spent = model.calls.length * CALL;
  expect(results.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0)).toBe(spent);
  expect(spent).toBeLessThanOrEqual(cap);
  for (const [i, { name }] of campaigns.entries()) expect(await held(name)).toEqual({ nanoUsd: results[i]?.nanoUsd, state: 'closed' });
  for (const { outcomes } of results) expect(outcomes.converged + outcomes['over-budget']).toBe(4);
});

test('a campaign that the cap leaves nothing ends over budget where nobody can give back, and a raised cap lets its retries go on', { timeout: 180_000 }, async () => {
  const before = model.calls.length;
  const spent = before * CALL;
  await setCap(store, spent + 0.06e9);
  const campaign = await sketch(200);
  const first = (await (await start(campaign)).result()) as CampaignProgress;
  expect(first.outcomes['over-budget']).toBeGreaterThan(0);
  expect(model.calls.length * CALL).toBeLessThanOrEqual(spent + 0.06e9);
  await setCap(store, spent + 5e9);
  await addSetting(store, campaign.name, { retry: { 0: 1, 1: 1, 2: 1, 3: 1 } });
  expect(((await (await start(campaign)).result()) as CampaignProgress).outcomes).toMatchObject({ converged: 4 });
});

test('while others may still give back a campaign waits, says why, and is woken by a raised cap', { timeout: 180_000 }, async () => {
  gate = { holds: ({ situation: { initial } }) => initial === 'start 300', open: new Promise<void>((resolve) => (release = resolve)) };
  const spent = model.calls.length * CALL;
  await setCap(store, spent + 10e9);
  const rich = await sketch(300);
  const running = await start(rich);
  await until(async () => (await held(rich.name))?.nanoUsd !== undefined && ((await held(rich.name))?.nanoUsd as number) > 0);
  // no more than is held already
  const budget = await readBudget(store);
  await setCap(store, Object.values(budget.holds).reduce((sum, { nanoUsd }) => sum + nanoUsd, 0));
  const poor = await sketch(400);
  const waiting = await start(poor);
  // its first task may still be to come
  await until(async () => (await waiting.query(progressQuery).catch(() => null))?.waiting.startsWith('the cap over all campaigns is used up') === true);
  expect(await held(poor.name)).toEqual({ nanoUsd: 0, state: 'waiting' });
  await setCap(store, spent + 20e9);
  await waiting.signal(settingsSignal);
  expect(((await waiting.result()) as CampaignProgress).outcomes).toMatchObject({ converged: 4 });
  release();
  gate = null;
  expect(((await running.result()) as CampaignProgress).outcomes).toMatchObject({ converged: 4 });
});

/** How often a campaign has asked the cap for money. */
async function draws(handle: Pick<WorkflowHandle, 'fetchHistory'>): Promise<number> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).filter(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'drawMoney').length;
}

test('a campaign waits for what another, itself in want of more, is still spending', { timeout: 120_000 }, async () => {
  gate = { holds: ({ situation: { initial } }) => initial === 'start 700', open: new Promise<void>((resolve) => (release = resolve)) };
  [long, turnedDown] = ['start 701', []];
  const budget = await readBudget(store);
  const spent = Object.values(budget.holds).reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
  const first = await sketch(700);
  // what two situations begin with, and a little more
  await setCap(store, spent + Math.round(2.2 * grantEstimate(first)));
  const rich = await start(first);
  // the second time in vain
  await until(async () => (await draws(rich)) === 2);
  const second = await sketch(800);
  const poor = await start(second);
  await until(async () => (await poor.query(progressQuery).catch(() => null))?.waiting.startsWith('the cap over all campaigns is used up') === true);
  expect((await held(second.name))?.state).toBe('waiting');
  await setCap(store, spent + 100e9);
  for (const running of [rich, poor]) await running.signal(settingsSignal);
  release();
  gate = null;
  for (const running of [rich, poor]) expect(((await running.result()) as CampaignProgress).outcomes).toMatchObject({ converged: 4 });
});

test('what runs on when a campaign has stopped itself still gets its money from the cap', { timeout: 120_000 }, async () => {
  gate = { holds: ({ situation: { initial } }) => initial === 'start 500', open: new Promise<void>((resolve) => (release = resolve)) };
  [long, turnedDown] = ['start 500', ['start 501', 'start 502']];
  await setCap(store, 100e9);
  const campaign = await sketch(500, { stopAfter: { failedShare: 0.5, minSample: 2 } });
  const running = await start(campaign);
  await until(async () => (await readSettings(store, campaign.name)).at(-1)?.stopped !== undefined);
  await until(async () => (await running.query(progressQuery)).state === 'paused');
  const before = (await held(campaign.name))?.nanoUsd as number;
  release();
  gate = null;
  await until(async () => (await store.get(outcomeKey(campaign.name, 0, 0))) !== null);
  expect((await held(campaign.name))?.nanoUsd).toBeGreaterThan(before);
  expect((await running.query(progressQuery)).state).toBe('paused');
  await running.terminate('it has been seen');
});

test('a first budget of its own binds a campaign under the cap at once', { timeout: 120_000 }, async () => {
  gate = { holds: ({ situation: { initial } }) => initial === 'start 600', open: new Promise<void>((resolve) => (release = resolve)) };
  await setCap(store, 200e9);
  const campaign = await sketch(600, { concurrency: 1 });
  const running = await start(campaign);
  const calls = () => model.calls.filter(({ view }) => view.situation.initial.startsWith('start 60')).length;
  await until(() => Promise.resolve(calls() === 1));
  await addSetting(store, campaign.name, { budget: CALL / 1e9 });
  await running.signal(settingsSignal);
  await haveHeard(engine.client, campaign.name, [0], recallSignal.name);
  release();
  gate = null;
  expect(((await running.result()) as CampaignProgress).outcomes).toMatchObject({ converged: 0, 'over-budget': 4 });
  expect(calls()).toBe(1);
});
