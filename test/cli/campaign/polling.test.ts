import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { pollingLine, versionLine } from '../../../cli/campaign/polling.ts';
import { sightOf } from '../../../cli/campaign/sight.ts';
import { makeCurrent } from '../../../infra/deployments.ts';
import { versioned } from '../../../workers/versioning.ts';
import { campaignWorkflowId, QUEUES } from '../../../workflows/messages.ts';
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
  await expect.poll(() => makeCurrent(client, version).then(() => 'current', () => 'not yet'), WAIT).toBe('current');
  await expect.poll(() => pollingLine(client), WAIT).toBe('workers poll every queue');
});

const current = { deployment: 'exemplar', buildId: 'v2' };

test.each([
  ['of a former version', ['v1'], 'only those of v1: `exemplar worker --build-id v2` starts one, `exemplar deploy v1` makes those current'],
  ['without a version', [''], 'only those without a version: `exemplar worker --build-id v2` starts one, `exemplar deploy --unversioned` makes those current'],
])('where the current version has no workers, and others are %s, both ways out are named', (_, others, ways) => {
  const polling = { current, served: false, others };
  expect(versionLine([{ queue: 'llm', ...polling }, { queue: 'io', ...polling }, { queue: 'tools', ...polling, others: [] }])).toBe(`no worker of the current version v2 polls llm, io, ${ways}`);
});
