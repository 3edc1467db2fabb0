import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { campaignWorkflowId, controlSignal, modeSignal, pageProgressQuery, pageWorkflowId, QUEUES, recallSignal, type ActorInput, type PageDone } from '../../workflows/messages.ts';
import { explainAnew, noFindings, simpleDraft, StageModel } from '../fakes/stage-model.ts';
import { situation, sketchCampaign } from '../harness/campaigns.ts';
import { startEngine, testStore, type Engine } from '../harness/engine.ts';
import { haveHeard } from '../harness/heard.ts';

vi.setConfig({ testTimeout: 240_000 });

const store = testStore();
let release = () => {};
let gate = Promise.resolve();
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

const SITUATIONS = 40;
/** The order comes by chance while situations are being started: so often it is tried. */
const MOST_TRIES = 20;

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) if (Date.now() > deadline) throw new Error('the condition did not come true within 60 s');
}

/** Answers are shared between campaigns: each has situations of its own. */
let situations = Math.floor(Math.random() * 1e9);

/** A page that is held, with a workflow in its campaign's place that takes signals and does nothing. */
async function heldPage() {
  const campaign = await sketchCampaign(store, { situations: Array.from({ length: SITUATIONS }, () => situation((situations += 1))), texts: 1 });
  const actor: ActorInput = { campaign: campaign.name, chapters: 1, maxPasses: 1, alternatives: 0, maxReopen: 0, patienceMs: 60_000, firstGrant: 0 };
  const { workflow } = engine.client;
  const standIn = await workflow.start('exemplar', { workflowId: campaignWorkflowId(campaign.name), taskQueue: QUEUES.orchestrate, args: [{ actor, index: 0, try: 0, page: 'none', allowance: null, held: true }] });
  const page = await workflow.start('page', { workflowId: pageWorkflowId(campaign.name, 0), taskQueue: QUEUES.orchestrate, args: [{ actor, page: 0, slots: SITUATIONS, budgeted: false, held: true }] });
  await until(async () => (await page.query(pageProgressQuery).catch(() => null))?.situations === SITUATIONS);
  return { page, name: campaign.name, standIn };
}

/** All situations have begun, and what they were told has arrived, or failed to. */
function isSettled({ events }: Awaited<ReturnType<WorkflowHandle['fetchHistory']>>): boolean {
  const all = events ?? [];
  const count = (of: (event: (typeof all)[number]) => unknown) => all.filter((event) => of(event) != null).length;
  const told = count((event) => event.externalWorkflowExecutionSignaledEventAttributes) + count((event) => event.signalExternalWorkflowExecutionFailedEventAttributes);
  return (
    all.at(-1)?.workflowTaskCompletedEventAttributes != null &&
    count((event) => event.childWorkflowExecutionStartedEventAttributes) === SITUATIONS &&
    count((event) => event.signalExternalWorkflowExecutionInitiatedEventAttributes) === told
  );
}

/** Orders that failed to arrive. */
function missed({ events }: Awaited<ReturnType<WorkflowHandle['fetchHistory']>>): string[] {
  const all = events ?? [];
  const failed = new Set(all.flatMap((event) => event.signalExternalWorkflowExecutionFailedEventAttributes?.initiatedEventId?.toString() ?? []));
  return all.flatMap((event) => (failed.has(String(event.eventId)) ? [event.signalExternalWorkflowExecutionInitiatedEventAttributes?.signalName as string] : []));
}

const ORDERS = [controlSignal, modeSignal, recallSignal].map(({ name }) => name);

test('what a page is told while situations are being started reaches them too', async () => {
  const missing = new Set(ORDERS);
  for (let tries = 0; missing.size > 0 && tries < MOST_TRIES; tries++) {
    gate = new Promise((resolve) => (release = resolve));
    const { page, name, standIn } = await heldPage();
    await page.signal(controlSignal, 'go');
    // its next task begins the situations
    await until(async () => ((await page.fetchHistory()).events ?? []).at(-1)?.workflowTaskStartedEventAttributes != null);
    await Promise.all([page.signal(controlSignal, 'stop'), page.signal(modeSignal, 'interactive'), page.signal(recallSignal)]);
    await until(async () => isSettled(await page.fetchHistory()));
    for (const order of missed(await page.fetchHistory())) missing.delete(order);
    const indexes = Array.from({ length: SITUATIONS }, (_, index) => index);
    for (const order of ORDERS) await haveHeard(engine.client, name, indexes, order);
    release();
    expect(((await page.result()) as PageDone).outcomes).toEqual({ converged: 0, unconverged: 0, refused: 0, failed: 0, 'over-budget': 0 });
    await standIn.terminate('it is over');
  }
  expect([...missing]).toEqual([]);
});
