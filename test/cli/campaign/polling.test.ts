import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { pollingLine, versionLine } from '../../../cli/campaign/polling.ts';
import { sightOf } from '../../../cli/campaign/sight.ts';
import { makeCurrent } from '../../../infra/deployments.ts';
import { versioned } from '../../../workers/versioning.ts';
import type { Carried } from '../../../workflows/carried.ts';
import { campaignWorkflowId, emptyTally, pageWorkflowId, QUEUES } from '../../../workflows/messages.ts';
import { WORKFLOWS } from '../../harness/engine.ts';

const WAIT = { timeout: 30_000, interval: 100 };
const NAME = 'passed-over';
const version = { deployment: 'exemplar', buildId: 'v1' };
let connection: Connection;
let native: NativeConnection;
let client: Client;
/** How to stop each worker. */
const fleet: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const { temporalAddress: address } = inject('services');
  connection = await Connection.connect({ address });
  native = await NativeConnection.connect({ address });
  const namespace = `test-${randomUUID()}`;
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 } as never });
  client = new Client({ connection, namespace });
});
afterAll(async () => {
  await Promise.all(fleet.map((stop) => stop()));
  await native.close();
  await connection.close();
});

/** Workers that do nothing on every queue but poll it. */
async function poll(of: typeof version): Promise<void> {
  const common = { connection: native, namespace: client.options.namespace, ...versioned(of) };
  const idle = { nothing: () => Promise.resolve() };
  const workers = await Promise.all([
    Worker.create({ ...common, taskQueue: QUEUES.orchestrate, workflowBundle: WORKFLOWS }),
    ...[QUEUES.llm, QUEUES.tools, QUEUES.io].map((taskQueue) => Worker.create({ ...common, taskQueue, activities: idle })),
  ]);
  const done = Promise.all(workers.map((worker) => worker.run()));
  fleet.push(async () => {
    for (const worker of workers) worker.shutdown();
    await done;
  });
}

async function madeCurrent(of: typeof version): Promise<void> {
  await expect.poll(() => makeCurrent(client, of).then(() => 'current', () => 'not yet'), WAIT).toBe('current');
}

test('workers that get nothing, because their version is not the current one, are told of', { timeout: 60_000 }, async () => {
  await client.workflow.start('campaign', { workflowId: campaignWorkflowId(NAME), taskQueue: QUEUES.orchestrate, args: [{ campaign: NAME }] });
  const silence = async () => {
    const sight = await sightOf(client, NAME);
    return sight.kind === 'running' ? sight.silence : sight.kind;
  };
  expect(await pollingLine(client)).toBe('no worker polls orchestrate, llm, tools, io yet: `exemplar up` or `exemplar worker` starts one');
  expect(await silence()).toBe('no worker answers: `exemplar up` or `exemplar worker` starts one');
  await poll(version);
  await expect.poll(() => pollingLine(client), WAIT).toBe('only workers of v1 poll orchestrate, llm, tools, io, and no version is current: `exemplar deploy v1` makes those current');
  expect(await silence()).toBe('only workers of v1 poll orchestrate, and no version is current: `exemplar deploy v1` makes those current');
  await madeCurrent(version);
  await expect.poll(() => pollingLine(client), WAIT).toBe('workers poll every queue');
});

test('what an open page has done is not left out of the sums because it does not answer', { timeout: 60_000 }, async () => {
  const other = { ...version, buildId: 'v2' };
  await poll(other);
  await madeCurrent(other);
  const campaign = 'half-told';
  const settings = { n: 0, concurrency: 1, budget: null, state: 'running' as const };
  const actor = { maxPasses: 1, alternatives: 0, maxReopen: 0 };
  const spent = { calls: 40, nanoUsd: 4_000 };
  const outcomes = { ...emptyTally(), converged: 7 };
  const view = { planned: 20, duplicates: 0, pageSize: 10, pages: 2, sealed: '0', outcomes, ...spent, spent: 4_000, generation: 1, settings, actor, chapters: 1, patienceMs: 60_000, firstGrant: 1 };
  const carried: Carried = { view, backlog: [], open: [{ page: 1, slots: 1, tail: null }], outcomes, ...spent, free: null, needs: [], unpublished: [], generation: 1 };
  await client.workflow.start('campaign', { workflowId: campaignWorkflowId(campaign), taskQueue: QUEUES.orchestrate, args: [{ campaign, carried }] });
  const seen = async () => {
    const sight = await sightOf(client, campaign);
    return sight.kind === 'running' ? { converged: sight.progress?.outcomes.converged, pages: sight.pages.length, silence: sight.silence } : sight.kind;
  };
  // a page that has not begun has nothing to tell
  await expect.poll(seen, WAIT).toEqual({ converged: 7, pages: 0, silence: '' });
  const page = pageWorkflowId(campaign, 1);
  await client.workflow.start('page', { workflowId: page, taskQueue: 'nobody-polls-this', args: [{ actor: { ...actor, campaign, chapters: 1, patienceMs: 60_000, firstGrant: 1 }, page: 1, slots: 1, budgeted: false, held: false }] });
  expect(await seen()).toEqual({ converged: undefined, pages: 0, silence: `${page} does not answer yet; these numbers are from S3` });
});

const current = { deployment: 'exemplar', buildId: 'v2' };

test.each([
  ['of a former version', ['v1'], 'only those of v1: `exemplar worker --build-id v2` starts one, `exemplar deploy v1` makes those current'],
  ['without a version', [''], 'only those without a version: `exemplar worker --build-id v2` starts one, `exemplar deploy --unversioned` makes those current'],
])('where the current version has no workers, and others are %s, both ways out are named', (_, others, ways) => {
  const polling = { current, served: false, others };
  expect(versionLine([{ queue: 'llm', ...polling }, { queue: 'io', ...polling }, { queue: 'tools', ...polling, others: [] }])).toBe(`no worker of the current version v2 polls llm, io, ${ways}`);
});
