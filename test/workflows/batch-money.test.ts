import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { grantEstimate } from '../../activities/pricing.ts';
import type { BatchStatus } from '../../activities/batches/provider.ts';
import { addSetting } from '../../infra/campaign-records.ts';
import type { WaitingCall } from '../../schemas/batches.ts';
import { outcomeKey, waitingKey } from '../../schemas/keys.ts';
import type { CampaignRecord, OutcomeRecord } from '../../schemas/records.ts';
import { batchWorkflowId, campaignWorkflowId, pageWorkflowId, QUEUES, type CampaignProgress } from '../../workflows/messages.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { ScriptedBatches } from '../fakes/scripted-batches.ts';
import { explainAnew, noFindings, simpleDraft, StageModel } from '../fakes/stage-model.ts';
import { situation, sketchCampaign } from '../harness/campaigns.ts';
import { startEngine, type Engine } from '../harness/engine.ts';

vi.setConfig({ testTimeout: 120_000 });

const model = new StageModel(({ kind, situation: content }) => (kind === 'draft' ? simpleDraft(content, 'walk') : kind === 'explain' ? explainAnew('another premise') : noFindings));
const batches = new ScriptedBatches(model);
const store = new MemoryStore();
let engine: Engine;

beforeAll(async () => {
  engine = await startEngine(model, store, 'simulated:test-law', { batches });
});
afterAll(async () => {
  await engine.stop();
});

let situations = 0;
/** Answers are shared between campaigns: each has situations of its own. */
const sketch = (count: number, file: Record<string, unknown> = {}) =>
  sketchCampaign(store, {
    situations: Array.from({ length: count }, () => situation((situations += 1))),
    file: { model: { name: 'claude-sonnet-4-6', maxOutputTokens: 1_000, mode: 'batch' }, budget: 5, actor: { maxPasses: 1, alternatives: 0 }, ...file },
  });

async function start({ name }: CampaignRecord): Promise<{ ended: Promise<CampaignProgress> }> {
  const handle = await engine.client.workflow.start('campaign', { workflowId: campaignWorkflowId(name), taskQueue: QUEUES.orchestrate, args: [{ campaign: name }] });
  return { ended: handle.result() as Promise<CampaignProgress> };
}
const run = async (campaign: CampaignRecord) => await (await start(campaign)).ended;

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true within 60 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const waiting = ({ name }: CampaignRecord) => store.objects.get(waitingKey(name, 0, 0));
const runWaiting = (campaign: CampaignRecord) => (JSON.parse(new TextDecoder().decode(waiting(campaign))) as WaitingCall).run;

/** A campaign that has asked for its only draft in a batch, and spent all its budget on that, as if Temporal's database was lost then. */
async function lostWithItsBatch(): Promise<{ campaign: CampaignRecord; batch: string; run: string }> {
  const created = batches.created;
  const model = { name: 'claude-sonnet-4-6', maxOutputTokens: 1_000, mode: 'batch' };
  const grant = grantEstimate(await sketch(1, { model }), 'batch');
  const campaign = await sketch(1, { model, budget: (1.01 * grant) / 1e9 });
  void (await start(campaign)).ended.catch(() => undefined);
  await until(() => batches.created > created);
  const { name } = campaign;
  const batch = (batches.batches[0] as BatchStatus).id;
  // the situation ends with its page
  for (const workflow of [campaignWorkflowId(name), pageWorkflowId(name, 0), batchWorkflowId(name)]) await engine.client.workflow.getHandle(workflow).terminate('its database is lost');
  return { campaign, batch, run: runWaiting(campaign) };
}

function outcome({ name }: CampaignRecord, index: number): OutcomeRecord {
  return JSON.parse(new TextDecoder().decode(store.objects.get(outcomeKey(name, index, 0)))) as OutcomeRecord;
}

test('a batch that is turned down as a whole has cost none of its situations anything', async () => {
  batches.mishaps.push({ made: false, error: Object.assign(new Error('no such model'), { status: 400 }) });
  const campaign = await sketch(2);
  expect(await run(campaign)).toMatchObject({ outcomes: { failed: 2 }, nanoUsd: 0 });
  for (const index of [0, 1]) expect(outcome(campaign, index)).toMatchObject({ reason: expect.stringContaining('no such model') as string, life: { charged: 0 } });
});

test.each(['batch', 'interactive'] as const)('an answer that an earlier run has paid for is waited for without money, in mode %s', async (mode) => {
  const { campaign, batch, run: before } = await lostWithItsBatch();
  await addSetting(store, campaign.name, { mode });
  const { ended } = await start(campaign);
  await until(() => runWaiting(campaign) !== before || store.objects.has(outcomeKey(campaign.name, 0, 0)));
  batches.end(batch);
  await ended;
  // the draft came, and the critique after it was too dear
  expect(outcome(campaign, 0)).toMatchObject({ outcome: 'over-budget', final: expect.any(String) as string, calls: 1, life: { charged: 0 } });
});

test('where the batch of an earlier run has not answered, nobody asks again without money', async () => {
  const { campaign, batch, run: before } = await lostWithItsBatch();
  const created = batches.created;
  const { ended } = await start(campaign);
  await until(() => runWaiting(campaign) !== before);
  batches.end(batch, { expired: true });
  await ended;
  expect(outcome(campaign, 0)).toMatchObject({ outcome: 'over-budget', final: null, calls: 0 });
  expect(batches.created).toBe(created);
});
