import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { dataConverterOf } from '../../infra/codec/data-converter.ts';
import { campaignWorkflowId, controlSignal, grantSignal, modeSignal, pageProgressQuery, pageWorkflowId, QUEUES, recallSignal, situationWorkflowId, type ActorInput, type PageDone } from '../../workflows/messages.ts';
import { explainAnew, noFindings, simpleDraft, StageModel } from '../fakes/stage-model.ts';
import { situation, sketchCampaign } from '../harness/campaigns.ts';
import type { PageInput } from '../../workflows/page.ts';
import { startEngine, testStore, type Engine } from '../harness/engine.ts';
import { haveHeard } from '../harness/heard.ts';

vi.setConfig({ testTimeout: 600_000 });

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
const MOST_TRIES = 60;

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) if (Date.now() > deadline) throw new Error('the condition did not come true within 60 s');
}

/** Answers are shared between campaigns: each has situations of its own. */
let situations = Math.floor(Math.random() * 1e9);

/** A page with a workflow in its campaign's place that takes signals and does nothing. */
async function alone(on: Client, count: number, input: Partial<PageInput> & { firstGrant?: number }) {
  const campaign = await sketchCampaign(store, { situations: Array.from({ length: count }, () => situation((situations += 1))), texts: 1 });
  const { firstGrant = 0, ...rest } = input;
  const actor: ActorInput = { campaign: campaign.name, chapters: 1, maxPasses: 1, alternatives: 0, maxReopen: 0, patienceMs: 60_000, firstGrant };
  const standIn = await on.workflow.start('exemplar', { workflowId: campaignWorkflowId(campaign.name), taskQueue: QUEUES.orchestrate, args: [{ actor, index: 0, try: 0, page: 'none', allowance: null, held: true }] });
  const page = await on.workflow.start('page', { workflowId: pageWorkflowId(campaign.name, 0), taskQueue: QUEUES.orchestrate, args: [{ actor, page: 0, slots: count, budgeted: false, held: false, ...rest }] });
  await until(async () => (await page.query(pageProgressQuery).catch(() => null))?.situations === count);
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

/** Whether an order failed to arrive somewhere. */
function wasMissed({ events }: Awaited<ReturnType<WorkflowHandle['fetchHistory']>>, order: string): boolean {
  const all = events ?? [];
  const failed = new Set(all.flatMap((event) => event.signalExternalWorkflowExecutionFailedEventAttributes?.initiatedEventId?.toString() ?? []));
  return all.some((event) => failed.has(String(event.eventId)) && event.signalExternalWorkflowExecutionInitiatedEventAttributes?.signalName === order);
}

const ORDERS: [string, (page: WorkflowHandle) => Promise<void>][] = [
  [controlSignal.name, (page) => page.signal(controlSignal, 'stop')],
  [modeSignal.name, (page) => page.signal(modeSignal, 'interactive')],
  [recallSignal.name, (page) => page.signal(recallSignal)],
];

test.each(ORDERS)('what a page is told while situations are being started reaches them too: %s', async (order, tell) => {
  const indexes = Array.from({ length: SITUATIONS }, (_, index) => index);
  let missed = false;
  for (let tries = 0; !missed && tries < MOST_TRIES; tries++) {
    gate = new Promise((resolve) => (release = resolve));
    const { page, name, standIn } = await alone(engine.client, SITUATIONS, { held: true });
    await page.signal(controlSignal, 'go');
    // its next task begins the situations
    await until(async () => ((await page.fetchHistory()).events ?? []).at(-1)?.workflowTaskStartedEventAttributes != null);
    await tell(page);
    await until(async () => isSettled(await page.fetchHistory()));
    missed = wasMissed(await page.fetchHistory(), order);
    await haveHeard(engine.client, name, indexes, order);
    await page.signal(controlSignal, 'stop');
    await haveHeard(engine.client, name, indexes, controlSignal.name);
    release();
    expect(((await page.result()) as PageDone).outcomes).toEqual({ converged: 0, unconverged: 0, refused: 0, failed: 0, 'over-budget': 0 });
    await standIn.terminate('it is over');
  }
  expect(missed).toBe(true);
});

test('of many situations no more than 64 are being started at once', async () => {
  gate = Promise.resolve();
  const { page, standIn } = await alone(engine.client, 100, {});
  await page.result();
  let [starting, most] = [0, 0];
  for (const event of (await page.fetchHistory()).events ?? []) {
    if (event.startChildWorkflowExecutionInitiatedEventAttributes != null) starting += 1;
    if (event.childWorkflowExecutionStartedEventAttributes != null) starting -= 1;
    most = Math.max(most, starting);
  }
  expect(most).toBe(64);
  await standIn.terminate('it is over');
});

test('a grant to a situation that has ended meanwhile comes back', async () => {
  gate = Promise.resolve();
  const before = await startEngine(model, store);
  // too little for the first call
  const { page: first, name, standIn } = await alone(before.client, 1, { budgeted: true, firstGrant: 1 });
  await first.signal(grantSignal, { nanoUsd: 1 });
  const asked = async () => ((await standIn.fetchHistory()).events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'pageNeed').length;
  await until(async () => (await asked()) === 2);
  await before.stop();

  // with no worker there, the page hears of both at once
  const connection = await Connection.connect({ address: inject('services').temporalAddress });
  const client = new Client({ connection, namespace: before.namespace, dataConverter: dataConverterOf(null) });
  await client.workflow.getHandle(situationWorkflowId(name, 0, 0)).terminate('an operator ends it');
  const page = client.workflow.getHandle(first.workflowId);
  await page.signal(grantSignal, { nanoUsd: 500_000_000 });
  const after = await startEngine(model, store, undefined, { namespace: before.namespace });
  expect(await page.result()).toMatchObject({ outcomes: { failed: 1 }, unspent: 500_000_000 });
  await after.stop();
  await connection.close();
});
