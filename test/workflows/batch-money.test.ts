import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { outcomeKey } from '../../schemas/keys.ts';
import type { CampaignRecord, OutcomeRecord } from '../../schemas/records.ts';
import { campaignWorkflowId, QUEUES, type CampaignProgress } from '../../workflows/messages.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { ScriptedBatches } from '../fakes/scripted-batches.ts';
import { explainAnew, noFindings, simpleDraft, StageModel } from '../fakes/stage-model.ts';
import { situation, sketchCampaign } from '../harness/campaigns.ts';
import { startEngine, type Engine } from '../harness/engine.ts';

vi.setConfig({ testTimeout: 120_000 });

const model = new StageModel(({ kind, situation: { initial } }) => (kind === 'draft' ? simpleDraft(situation(0, { initial }), 'walk') : kind === 'explain' ? explainAnew('another premise') : noFindings));
const batches = new ScriptedBatches(model);
const store = new MemoryStore();
let engine: Engine;

beforeAll(async () => {
  engine = await startEngine(model, store, 'simulated:test-law', { batches });
});
afterAll(async () => {
  await engine.stop();
});

const sketch = (situations: number, file: Record<string, unknown> = {}) =>
  sketchCampaign(store, {
    situations: Array.from({ length: situations }, (_, n) => situation(n)),
    file: { model: { name: 'claude-sonnet-4-6', maxOutputTokens: 1_000, mode: 'batch' }, budget: 5, actor: { maxPasses: 1, alternatives: 0 }, ...file },
  });

async function run({ name }: CampaignRecord): Promise<CampaignProgress> {
  const handle = await engine.client.workflow.start('campaign', { workflowId: campaignWorkflowId(name), taskQueue: QUEUES.orchestrate, args: [{ campaign: name }] });
  return (await handle.result()) as CampaignProgress;
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
