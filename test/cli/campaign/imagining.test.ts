import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { CampaignReader } from '../../../activities/campaign-reader.ts';
import { showImagination, type ImaginingView } from '../../../cli/campaign/imagining.ts';
import type { Output } from '../../../cli/output.ts';
import { readCampaignSource } from '../../../infra/campaign-source.ts';
import { openCampaign } from '../../../infra/campaign-opening.ts';
import { saveImagineRequest } from '../../../infra/imagine-request.ts';
import type { ImaginedSource } from '../../../schemas/campaign.ts';
import { imagineWorkflowId, QUEUES } from '../../../workflows/messages.ts';
import { AuthorModel, write } from '../../fakes/author-model.ts';
import { situation, sketchCampaign, writeCampaign } from '../../harness/campaigns.ts';
import { startEngine, testStore, type Engine } from '../../harness/engine.ts';

const PROVIDER = { origin: 'http://stage', simulated: 'test-law', identity: 'simulated:test-law' };
const store = testStore();
let release = () => {};
const released = new Promise<void>((resolve) => (release = resolve));
/** Answers the cells of low stakes at once, and those of high stakes once it is let. */
const model = new AuthorModel(async (asked) => {
  if (asked.cell.stakes === 'high') await released;
  return write(asked, () => `${randomUUID()} ${randomUUID()} ${randomUUID()}`);
});
let engine: Engine;

beforeAll(async () => {
  engine = await startEngine(model, store);
});
afterAll(async () => {
  release();
  await engine.stop();
});

async function shown(name: string, { watch = false, away = false } = {}): Promise<{ view: ImaginingView | null; text: string }> {
  let seen = { view: null as ImaginingView | null, text: '' };
  const output: Output = { json: true, say: () => undefined, result: (value, text) => (seen = { view: value as ImaginingView, text }) };
  const config = { dir: '/nowhere', temporal: { address: inject('services').temporalAddress, namespace: engine.namespace, uiUrl: null }, s3: { bucket: store.bucket }, model: { apiKey: '', baseURL: '' } };
  const there = await showImagination({ config, store, reader: new CampaignReader(store), client: away ? 'no Temporal server' : engine.client }, name, output, watch);
  expect(there).toBe(seen.view !== null);
  return seen;
}

test('status says how far the situations of a campaign have been imagined, until it begins', async () => {
  const name = `t-${randomUUID().slice(0, 13)}`;
  const situations = { from: 'imagine', count: 2, domains: [name], horizons: ['hours/days'], stakes: ['low', 'high'], tasks: ['plan'], batch: 1 };
  const source = await readCampaignSource(writeCampaign([], 1, { name, situations }));
  const { request } = await saveImagineRequest(store, source, source.file.situations as ImaginedSource, PROVIDER, 'schema');
  expect((await shown(name)).view).toBeNull();
  const handle = await engine.client.workflow.start('imagine', { workflowId: imagineWorkflowId(name), taskQueue: QUEUES.orchestrate, args: [{ campaign: name, request, concurrency: 2, budget: null, patienceMs: 60_000 }] });
  await expect.poll(async () => (await shown(name)).view, { timeout: 20_000 }).toEqual({ name, state: 'imagining', planned: 2, kept: 0, nearDuplicates: 0, calls: 1, usd: 0.006, why: '', waitingS: null, uiUrl: null });
  expect((await shown(name)).text).toBe(`campaign ${name}: its situations are being imagined\n  0 of 2 situations, 0 near-duplicates dropped\n1 call, $0.006000`);
  expect((await shown(name, { away: true })).view).toMatchObject({ state: 'unknown', why: 'no Temporal server', kept: null });
  const watching = shown(name, { watch: true });
  release();
  expect((await watching).view).toMatchObject({ state: 'imagined', why: '`exemplar run FILE` begins the campaign' });
  await handle.result();
  const imagined = { ...source, listing: { situations: (await sketchListing()).situations, duplicates: 0 } };
  await openCampaign(store, imagined, PROVIDER, 'schema');
  expect((await shown(name)).view).toBeNull();
});

test('an imagination that was ended before its time says how to go on', async () => {
  const name = `t-${randomUUID().slice(0, 13)}`;
  await store.put(`datasets/${name}/imagine/${'0'.repeat(16)}/00000.0.json`, '{}');
  expect((await shown(name)).view).toMatchObject({ state: 'stopped', why: 'Temporal knows no workflow of it: `exemplar run FILE` goes on' });
});

async function sketchListing() {
  const campaign = await sketchCampaign(store, { situations: [situation(95_001)] });
  return { situations: await new CampaignReader(store).situations(campaign.listing) };
}
