import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readBudget, setCap } from '../../../activities/budget.ts';
import { CampaignReader } from '../../../activities/campaign-reader.ts';
import { changeState } from '../../../cli/campaign/change.ts';
import type { Output } from '../../../cli/output.ts';
import type { Session } from '../../../cli/session.ts';
import { addSetting } from '../../../infra/campaign-records.ts';
import type { S3Store } from '../../../infra/store-s3.ts';
import { outcomeKey } from '../../../schemas/keys.ts';
import { canonicalJson } from '../../../schemas/canonical.ts';
import type { OutcomeRecord } from '../../../schemas/records.ts';
import { campaignWorkflowId } from '../../../workflows/messages.ts';
import { situation, sketchCampaign } from '../../harness/campaigns.ts';
import { bucketOf } from '../../harness/engine.ts';

/* On a Temporal server that knows nothing yet, as after the loss of its database. Workflows that are begun here nobody plays. */
let store: S3Store;
let connection: Connection;

beforeAll(async () => {
  store = await bucketOf('changed');
  connection = await Connection.connect({ address: inject('services').temporalAddress });
});
afterAll(() => connection.close());

async function empty(): Promise<Session> {
  const namespace = `test-${randomUUID()}`;
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 } as never });
  const config = { dir: '/nowhere', temporal: { address: 'nowhere', namespace, uiUrl: null }, s3: { bucket: store.bucket }, model: { apiKey: 'any' } };
  return { config, store, reader: new CampaignReader(store), client: new Client({ connection, namespace }) };
}

async function said(session: Session, name: string, state: 'paused' | 'cancelled'): Promise<string> {
  let text = '';
  const output: Output = { json: false, say: () => undefined, result: (_, line) => (text = line) };
  await changeState(session, name, state, output);
  return text;
}

async function begun(session: Session, name: string): Promise<void> {
  await session.client.workflow.start('campaign', { workflowId: campaignWorkflowId(name), taskQueue: 'nobody' });
}

test('a campaign that is cancelled without a workflow keeps of the cap what it has spent', async () => {
  const session = await empty();
  const { name } = await sketchCampaign(store, { situations: [situation(1), situation(2)] });
  const outcome: OutcomeRecord = {
    schema: 1, index: 0, try: 0, situation: '0'.repeat(64), outcome: 'converged', reason: 'so', failedAt: null, log: null, final: null, stance: null, alternatives: [], passes: 1, reopened: 0, calls: 3, nanoUsd: 2e9,
  };
  await store.putIfAbsent(outcomeKey(name, 0, 0), canonicalJson(outcome));
  const held = async () => (await readBudget(store)).holds[name];
  await setCap(store, 1_000e9, { [name]: { nanoUsd: 7e9, state: 'open' } });
  expect(await said(session, name, 'paused')).toBe(`campaign ${name} is paused, and its workflow does not run; \`exemplar resume ${name}\` goes on`);
  expect(await held()).toEqual({ nanoUsd: 7e9, state: 'open' });
  expect(await said(session, name, 'cancelled')).toBe(`campaign ${name} is cancelled, and its workflow does not run; \`exemplar resume ${name}\` goes on`);
  expect(await held()).toEqual({ nanoUsd: 2e9, state: 'closed' });
  await setCap(store, null);
});

test('what a running campaign holds is left to it', async () => {
  const session = await empty();
  const { name } = await sketchCampaign(store, { situations: [situation(3)] });
  await begun(session, name);
  await setCap(store, 1_000e9, { [name]: { nanoUsd: 7e9, state: 'open' } });
  expect(await said(session, name, 'cancelled')).toBe(`campaign ${name} is cancelled: calls in flight finish, and what has ended is sealed; \`exemplar resume ${name}\` goes on`);
  expect((await readBudget(store)).holds[name]).toEqual({ nanoUsd: 7e9, state: 'open' });
  await setCap(store, null);
});

test('pause promises nothing that does not happen', async () => {
  const session = await empty();
  const { name } = await sketchCampaign(store, { situations: [situation(4)] });
  await begun(session, name);
  await addSetting(store, name, { state: 'paused', stopped: { failed: 3, ended: 4, failedShare: 0.5, reason: 'so', example: 0 } });
  expect(await said(session, name, 'paused')).toBe(`campaign ${name} is paused: it has stopped itself, situations that run go on, and no further ones begin; \`exemplar resume ${name}\` goes on`);
  await addSetting(store, name, { state: 'running' });
  expect(await said(session, name, 'paused')).toBe(`campaign ${name} is paused: calls in flight finish, no new ones are made; \`exemplar resume ${name}\` goes on`);
});
