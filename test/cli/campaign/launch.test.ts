import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { CampaignReader } from '../../../activities/campaign-reader.ts';
import { restartCampaign } from '../../../cli/campaign/launch.ts';
import { sightOf } from '../../../cli/campaign/sight.ts';
import type { Session } from '../../../cli/session.ts';
import { dataConverterOf } from '../../../infra/codec/data-converter.ts';
import { ensureSearchAttributes } from '../../../infra/temporal.ts';
import type { CampaignRecord } from '../../../schemas/records.ts';
import { campaignWorkflowId, pageWorkflowId } from '../../../workflows/messages.ts';
import { SEARCH } from '../../../workflows/search-attributes.ts';
import { situation, sketchCampaign } from '../../harness/campaigns.ts';
import { testStore } from '../../harness/engine.ts';

/* Workflows that no worker plays: what a command ends and what it leaves alone is seen from their status. */
const NOBODY = 'nobody';
const store = testStore();
let client: Client;

beforeAll(async () => {
  client = new Client({ connection: await Connection.connect({ address: inject('services').temporalAddress }) });
  await ensureSearchAttributes(client);
});
afterAll(() => client.connection.close());

async function begin(type: string, workflowId: string, { name }: CampaignRecord): Promise<void> {
  await client.workflow.start(type, { workflowId, taskQueue: NOBODY, typedSearchAttributes: [{ key: SEARCH.campaign, value: name }] });
}

const statusOf = async (id: string) => (await client.workflow.getHandle(id).describe()).status.name;

/** Visibility lags behind. */
async function listed(campaign: CampaignRecord, workflows: number): Promise<void> {
  await vi.waitUntil(async () => (await client.workflow.count(`ExemplarCampaign="${campaign.name}"`)).count >= workflows, { timeout: 20_000, interval: 50 });
}

const session = () => ({ client, store, reader: new CampaignReader(store) }) as unknown as Session;

test('starting a lost campaign ends the pages that outlived it, and leaves a training on its dataset alone', async () => {
  const campaign = await sketchCampaign(store, { situations: [situation(1)] });
  const [page, training] = [pageWorkflowId(campaign.name, 0), `exemplar/train/${campaign.name}`];
  await begin('page', page, campaign);
  await begin('train', training, campaign);
  await listed(campaign, 2);
  expect(await restartCampaign(session(), campaign)).toBe(true);
  expect(await statusOf(page)).toBe('TERMINATED');
  expect(await statusOf(training)).toBe('RUNNING');
  for (const id of [training, campaignWorkflowId(campaign.name)]) await client.workflow.getHandle(id).terminate();
});

test('where another command has started the campaign meanwhile, its pages go on', async () => {
  const campaign = await sketchCampaign(store, { situations: [situation(2)] });
  const page = pageWorkflowId(campaign.name, 0);
  await begin('campaign', campaignWorkflowId(campaign.name), campaign);
  await begin('page', page, campaign);
  await listed(campaign, 2);
  expect(await restartCampaign(session(), campaign)).toBe(false);
  expect(await statusOf(page)).toBe('RUNNING');
  for (const id of [page, campaignWorkflowId(campaign.name)]) await client.workflow.getHandle(id).terminate();
});

test('a campaign whose key is lost is left alone while it runs, and starts anew from S3 once it has been ended', async () => {
  const campaign = await sketchCampaign(store, { situations: [situation(3)] });
  const [id, page] = [campaignWorkflowId(campaign.name), pageWorkflowId(campaign.name, 0)];
  const keyed = (key: string) => new Client({ connection: client.connection, dataConverter: dataConverterOf(new Map([[key, new Uint8Array(32)]])) });
  await keyed('lost').workflow.start('campaign', { workflowId: id, taskQueue: NOBODY, memo: { since: { startedAt: 0, endedBefore: 0 } }, typedSearchAttributes: [{ key: SEARCH.campaign, value: campaign.name }] });
  await begin('page', page, campaign);
  await listed(campaign, 2);
  const own = keyed('own');
  expect(await sightOf(own, campaign.name)).toEqual({ kind: 'unreachable', reason: expect.stringContaining('encrypted with the key "lost"') as string });
  await expect(restartCampaign({ ...session(), client: own }, campaign)).rejects.toThrow('encrypted with the key "lost"');
  expect(await statusOf(page)).toBe('RUNNING');
  await own.workflow.getHandle(id).terminate();
  expect(await sightOf(own, campaign.name)).toEqual({ kind: 'ended', status: 'TERMINATED' });
  await vi.waitUntil(async () => (await client.workflow.count(`ExemplarCampaign="${campaign.name}" AND ExecutionStatus="Running"`)).count === 1, { timeout: 20_000, interval: 50 });
  expect(await restartCampaign({ ...session(), client: own }, campaign)).toBe(true);
  await own.workflow.getHandle(id).terminate();
});
