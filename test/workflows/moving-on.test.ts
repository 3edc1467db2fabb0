import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { campaignWorkflowId, controlSignal, pageProgressQuery, pageWorkflowId, progressQuery, QUEUES, waitingSignal } from '../../workflows/messages.ts';
import { explainAnew, noFindings, simpleDraft, StageModel } from '../fakes/stage-model.ts';
import { situation, sketchCampaign } from '../harness/campaigns.ts';
import { startEngine, testStore, type Engine } from '../harness/engine.ts';

vi.setConfig({ testTimeout: 240_000 });

const WAIT = { timeout: 60_000, interval: 50 };
/** More events than a campaign's history may have when it is next looked at. */
const LONG = 4_200;
const AT_ONCE = 100;

const store = testStore();
let release = () => {};
const gate = new Promise<void>((resolve) => (release = resolve));
const model = new StageModel(async ({ kind, situation: content }) => {
  await gate;
  return kind === 'draft' ? simpleDraft(content, 'walk') : kind === 'explain' ? explainAnew('another premise') : noFindings;
});
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(model, store);
});
afterAll(async () => {
  await engine.stop();
});

test('what a campaign tells its pages as it continues as new reaches them', async () => {
  const { name } = await sketchCampaign(store, { situations: [0, 1].map((n) => situation(Math.floor(Math.random() * 1e9) + n)), texts: 1 });
  const { workflow } = engine.client;
  const campaign = await workflow.start('campaign', { workflowId: campaignWorkflowId(name), taskQueue: QUEUES.orchestrate, args: [{ campaign: name }] });
  const page = workflow.getHandle(pageWorkflowId(name, 0));
  await vi.waitFor(async () => expect(await page.query(pageProgressQuery)).toMatchObject({ running: 2 }), WAIT);

  // nothing new, and so nothing to look up for: its history grows. Queries in between have it take few at a time: a workflow may take 5 s for what it is given at once
  for (let sent = 0; sent < LONG; sent += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => campaign.signal(waitingSignal, '')));
    await campaign.query(progressQuery);
  }
  const heard = async () => ((await page.fetchHistory()).events ?? []).filter(({ workflowExecutionSignaledEventAttributes: told }) => told?.signalName === controlSignal.name).length;
  expect(await heard()).toBe(0);
  const { runId } = await campaign.describe();
  await campaign.signal(waitingSignal, 'the model is away');
  await vi.waitFor(async () => expect((await campaign.describe()).runId).not.toBe(runId), WAIT);
  await vi.waitFor(async () => expect(await heard()).toBe(1), WAIT);

  await campaign.signal(waitingSignal, '');
  await vi.waitFor(async () => expect(await heard()).toBe(2), WAIT);
  release();
  expect(await workflow.getHandle(campaign.workflowId).result()).toMatchObject({ state: 'done' });
});
