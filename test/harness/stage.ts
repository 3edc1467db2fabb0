import { WorkflowIdConflictPolicy } from '@temporalio/client';
import { afterAll, beforeAll } from 'vitest';
import { CampaignReader } from '../../activities/campaign-reader.ts';
import { durationMs } from '../../activities/durations.ts';
import { outcomeKey } from '../../schemas/keys.ts';
import { OutcomeRecord, StepRecord } from '../../schemas/records.ts';
import { grantSignal, QUEUES, situationWorkflowId, type ActorInput, type ExemplarResult } from '../../workflows/messages.ts';
import { explainAnew, noFindings, simpleDraft, StageModel, type Direction, type StepView } from '../fakes/stage-model.ts';
import { sketchCampaign, situation, type CampaignSketch } from './campaigns.ts';
import { startEngine, testStore, type Engine } from './engine.ts';

export type Director = (view: StepView, call: number) => Direction | Promise<Direction>;

export const store = testStore();
const directors = new Map<string, Director>();
/** Plays each situation by the director that was named for it. */
export const model = new StageModel((view, call) => {
  const direct = directors.get(view.situation.initial);
  if (direct === undefined) throw new Error(`no director for "${view.situation.initial}"`);
  return direct(view, call);
});
export let engine: Engine;
let stages = 0;
export let lastCampaign = '';

/** Starts the engine before a file's tests and stops it after them. */
export function useStage(): void {
  beforeAll(async () => {
    engine = await startEngine(model, store);
  });
  afterAll(async () => {
    await engine.stop();
  });
}

export interface Played {
  result: ExemplarResult;
  outcome: OutcomeRecord;
  steps: StepRecord[];
  campaign: string;
  workflowId: string;
}

/** A workflow that takes signals and does nothing: a situation that is held from the beginning. */
async function standInPage(actor: ActorInput): Promise<string> {
  const workflowId = 'stand-in-page';
  await engine.client.workflow.start('exemplar', {
    workflowId,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    taskQueue: QUEUES.orchestrate,
    args: [{ actor, index: 0, try: 0, page: 'none', allowance: null, held: true }],
  });
  return workflowId;
}

/** How long a situation that asks for money waits before it is refused, ms. */
const REFUSED_EVERY_MS = 200;

/** Runs the exemplar workflow over one situation, its model directed. What it has to spend is its allowance: more is refused. */
export async function play(director: Director, options: Partial<CampaignSketch> & { allowance?: number | null; actor?: Record<string, number>; stage?: Partial<ReturnType<typeof situation>> } = {}): Promise<Played> {
  const stage = situation(++stages + 1_000 * Math.floor(Math.random() * 1e6), options.stage);
  directors.set(stage.initial, director);
  const sketch = { ...options, file: { ...options.file, actor: { maxPasses: 4, alternatives: 1, ...options.actor } } };
  const campaign = await sketchCampaign(store, { situations: [stage], ...sketch });
  lastCampaign = campaign.name;
  const actor: ActorInput = {
    campaign: campaign.name,
    chapters: campaign.chapters.length,
    maxPasses: campaign.actor.maxPasses,
    alternatives: campaign.actor.alternatives,
    maxReopen: campaign.actor.maxReopen,
    patienceMs: durationMs(campaign.file.patience),
    firstGrant: 0,
    ...(campaign.file.library.select === 'routed' ? { routed: true } : {}),
  };
  const workflowId = situationWorkflowId(campaign.name, 0, 0);
  const handle = await engine.client.workflow.start('exemplar', {
    workflowId,
    taskQueue: QUEUES.orchestrate,
    args: [{ actor, index: 0, try: 0, page: await standInPage(actor), allowance: options.allowance ?? null, held: false }],
  });
  const refusing = options.allowance == null ? undefined : setInterval(() => void handle.signal(grantSignal, { nanoUsd: 0 }).catch(() => undefined), REFUSED_EVERY_MS);
  const result = (await handle.result().finally(() => clearInterval(refusing))) as ExemplarResult;
  const outcome = OutcomeRecord.parse(JSON.parse(new TextDecoder().decode((await store.get(outcomeKey(campaign.name, 0, 0))))));
  const reader = new CampaignReader(store);
  const steps: StepRecord[] = [];
  for (let at = outcome.log; at !== null; ) {
    const step = StepRecord.parse(JSON.parse(await reader.text(at)));
    steps.unshift(step);
    at = step.previous;
  }
  return { result, outcome, steps, campaign: campaign.name, workflowId };
}

export const paths = (played: Played) => played.steps.map((step) => step.path);

/** Explains with a fresh premise each time; otherwise as told. */
export function cast(parts: Partial<Record<StepView['kind'], Director>>): Director {
  let premise = 0;
  const usual: Record<StepView['kind'], Director> = {
    draft: (view) => simpleDraft(view.situation, 'walk'),
    critique: () => noFindings,
    revise: () => noFindings,
    select: () => ({ chapters: [], why: '' }),
    explain: () => explainAnew(`fresh premise ${++premise}`),
  };
  return (view, call) => (parts[view.kind] ?? usual[view.kind])(view, call);
}

export const actionText = (view: StepView) => view.plan?.nodes[1]?.text;
