import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker, type WorkerOptions, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { readManifest } from '../../activities/shards/manifest.ts';
import { deploymentVersions, makeCurrent, type DeploymentVersion } from '../../infra/deployments.ts';
import { ensureSearchAttributes } from '../../infra/temporal.ts';
import { outcomesPrefix } from '../../schemas/keys.ts';
import { createActivities } from '../../workers/ports.ts';
import { versioned } from '../../workers/versioning.ts';
import { campaignWorkflowId, QUEUES, situationWorkflowId, type CampaignProgress } from '../../workflows/messages.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { explainAnew, finding, noFindings, relabel, simpleDraft, StageModel, type Direction, type StepView } from '../fakes/stage-model.ts';
import { sketchCampaign, situation } from '../harness/campaigns.ts';
import { WORKFLOWS } from '../harness/engine.ts';

/*
 * A campaign of six situations in three pages, two at once. While the first page is under way, workers with other workflows come:
 * what they would do to a situation that has begun, no history of today's replays with.
 */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const NAME = 'versioned';
const SITUATIONS = 6;
const WAIT = { timeout: 60_000, interval: 100 };

let next: WorkflowBundleWithSourceMap;
let native: NativeConnection;
let connection: Connection;

beforeAll(async () => {
  const { temporalAddress: address } = inject('services');
  native = await NativeConnection.connect({ address });
  connection = await Connection.connect({ address });
  next = await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('next-workflows.ts', import.meta.url)), logger: new DefaultLogger('WARN') });
});
afterAll(async () => {
  await native.close();
  await connection.close();
});

const play = (view: StepView): Direction => {
  if (view.kind === 'draft') return simpleDraft(view.situation, 'walk');
  if (view.kind === 'revise') return relabel('n1', 'run');
  if (view.kind === 'explain') return explainAnew('another premise');
  return view.plan?.nodes[1]?.text === 'walk' ? finding('n1', 'too slow') : noFindings;
};

interface Fleet {
  stop(): Promise<void>;
}

/** A campaign in a namespace and a store of its own, whose criticism waits until it is let go on. */
async function stage() {
  const namespace = `test-${randomUUID()}`;
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 } as never });
  const client = new Client({ connection, namespace });
  await ensureSearchAttributes(client);
  const store = new MemoryStore();
  await sketchCampaign(store, { situations: Array.from({ length: SITUATIONS }, (_, n) => situation(n)), file: { name: NAME, pageSize: 2, concurrency: 2, actor: { maxPasses: 4, alternatives: 1 } } });
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const model = new StageModel(async (view) => {
    if (view.kind === 'critique') await released;
    return play(view);
  });

  /** Workers on every queue. */
  async function workers(workflows: NonNullable<WorkerOptions['workflowBundle']>, version: DeploymentVersion | null): Promise<Fleet> {
    const { atHand, llm, io, tools, settled } = createActivities(store, model, () => Promise.resolve('simulated:test-law'), client);
    const common = { connection: native, namespace, ...versioned(version), stickyQueueScheduleToStartTimeout: '1 second' };
    const all = await Promise.all([
      Worker.create({ ...common, taskQueue: QUEUES.orchestrate, workflowBundle: workflows, activities: atHand, enableNonLocalActivities: false }),
      Worker.create({ ...common, taskQueue: QUEUES.llm, activities: llm }),
      Worker.create({ ...common, taskQueue: QUEUES.tools, activities: tools }),
      Worker.create({ ...common, taskQueue: QUEUES.io, activities: io }),
    ]);
    const running = Promise.all(all.map((worker) => worker.run()));
    return {
      stop: async () => {
        for (const worker of all) worker.shutdown();
        await running;
        await settled();
      },
    };
  }

  const begin = () => client.workflow.start('campaign', { workflowId: campaignWorkflowId(NAME), taskQueue: QUEUES.orchestrate, args: [{ campaign: NAME }] });
  const waiting = () => expect.poll(() => model.calls.filter(({ view }) => view.kind === 'critique').length, WAIT).toBe(2);
  return { client, store, model, workers, begin, waiting, release };
}

/** Data and situations files: key -> sha256. */
async function dataset(store: MemoryStore): Promise<Record<string, string>> {
  const files = ((await readManifest(store, NAME))?.pages ?? []).flatMap((page) => page.files).filter(({ kind }) => kind !== 'ledger');
  return Object.fromEntries(files.map(({ key, sha256 }) => [key, sha256]));
}

/** What the tasks of a workflow came to: the build ids that completed some, and how many failed. */
async function tasksOf(client: Client, workflowId: string): Promise<{ builds: string[]; failed: number }> {
  const { events = [] } = await client.workflow.getHandle(workflowId).fetchHistory();
  const builds = (events ?? []).flatMap(({ workflowTaskCompletedEventAttributes: done }) => done?.deploymentVersion?.buildId ?? []);
  const failed = (events ?? []).filter(({ workflowTaskFailedEventAttributes: attributes }) => attributes != null).length;
  return { builds: [...new Set(builds)], failed };
}

let alone: Promise<Record<string, string>> | undefined;

/** The dataset of a campaign that one version alone has run. */
function undisturbed(): Promise<Record<string, string>> {
  alone ??= (async () => {
    const { store, workers, begin, release } = await stage();
    const fleet = await workers(WORKFLOWS, null);
    release();
    expect(await (await begin()).result()).toMatchObject({ state: 'done', outcomes: { converged: SITUATIONS } });
    await fleet.stop();
    const files = await dataset(store);
    expect(Object.keys(files).length).toBeGreaterThan(3);
    return files;
  })();
  return alone;
}

test('what has begun ends on the version it began on, what begins after a deployment runs on the new one, and the dataset is the same', async () => {
  const { client, store, workers, begin, waiting, release } = await stage();
  const [old, young] = ['v1', 'v2'].map((buildId) => ({ deployment: 'exemplar', buildId })) as [DeploymentVersion, DeploymentVersion];
  const first = await workers(WORKFLOWS, old);
  await expect.poll(() => makeCurrent(client, old).then(() => 'current', () => 'not yet'), WAIT).toBe('current');
  const handle = await begin();
  await waiting();
  const second = await workers(next, young);
  await expect.poll(() => makeCurrent(client, young).then(() => 'current', () => 'not yet'), WAIT).toBe('current');
  expect(await deploymentVersions(client, 'exemplar')).toEqual([{ buildId: 'v2', state: 'current' }, { buildId: 'v1', state: 'draining' }]);
  release();
  expect(await handle.result()).toMatchObject({ state: 'done', outcomes: { converged: SITUATIONS } });
  // the second page was open before, and with it are its situations
  for (let index = 0; index < SITUATIONS; index++) {
    expect(await tasksOf(client, situationWorkflowId(NAME, index, 0))).toEqual({ builds: [index < 4 ? 'v1' : 'v2'], failed: 0 });
  }
  expect(await tasksOf(client, campaignWorkflowId(NAME))).toEqual({ builds: ['v1', 'v2'], failed: 0 });
  await Promise.all([first.stop(), second.stop()]);
  expect(await dataset(store)).toEqual(await undisturbed());
  // back to workers without a version, such as the one that `up` starts
  await makeCurrent(client, { deployment: 'exemplar', buildId: '' });
  expect((await deploymentVersions(client, 'exemplar')).map(({ state }) => state)).not.toContain('current');
});

test('without versions, what has begun cannot go on with other workflows; nothing is lost, and with the old ones back it goes on', async () => {
  const { client, store, model, workers, begin, waiting, release } = await stage();
  const first = await workers(WORKFLOWS, null);
  const handle = await begin();
  await waiting();
  release();
  await first.stop();
  const second = await workers(next, null);
  await expect.poll(async () => (await tasksOf(client, situationWorkflowId(NAME, 0, 0))).failed, WAIT).toBeGreaterThan(0);
  const outcomes: string[] = [];
  for await (const { key } of store.list(outcomesPrefix(NAME))) outcomes.push(key);
  expect(outcomes).toEqual([]);
  await second.stop();
  const third = await workers(WORKFLOWS, null);
  expect(((await handle.result()) as CampaignProgress).outcomes.converged).toBe(SITUATIONS);
  await third.stop();
  expect(await dataset(store)).toEqual(await undisturbed());
  const keys = model.calls.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
});
