import { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { readBudget, setCap } from '../../../activities/budget.ts';
import { CampaignReader } from '../../../activities/campaign-reader.ts';
import { nanoUsdOf } from '../../../cli/explain.ts';
import { explainVersion } from '../../../cli/show/explain.ts';
import type { Output } from '../../../cli/output.ts';
import type { Session } from '../../../cli/session.ts';
import { dataConverterOf } from '../../../infra/codec/data-converter.ts';
import type { PayloadKeys } from '../../../infra/codec/payload-keys.ts';
import { Law } from '../../../schemas/law.ts';
import { startSimModel, type SimModel } from '../../../worlds/sim/server.ts';
import { explainAnew } from '../../fakes/stage-model.ts';
import { situation, sketchCampaign } from '../../harness/campaigns.ts';
import { explainWorkflowId, QUEUES } from '../../../workflows/messages.ts';
import { startEngine, type Engine } from '../../harness/engine.ts';
import { cast, engine, model, play, store, useStage } from '../../harness/stage.ts';

useStage();

const law = Law.parse({ name: 'explaining', latencyMs: 0, flaw: 0, detect: 1, mend: 1, break: 0, falseAlarm: 0, repeat: 0, textbooks: {} });
/** Services that declare the model that the stage's campaigns begin with, and another one. */
const sims: Record<'own' | 'other', SimModel> = { own: undefined as never, other: undefined as never };
beforeAll(async () => {
  sims.own = await startSimModel({ port: 0, law, lawHash: 'test-law' });
  sims.other = await startSimModel({ port: 0, law, lawHash: 'other-law' });
});
afterAll(() => Promise.all([sims.own.close(), sims.other.close()]));

function session(sim: SimModel, client: Client = engine.client): Session {
  const { namespace } = engine;
  const config = { dir: '/nowhere', temporal: { address: inject('services').temporalAddress, namespace, uiUrl: null }, s3: { bucket: store.bucket }, model: { apiKey: 'any', baseURL: sim.url } };
  return { config, store, reader: new CampaignReader(store), client };
}

async function explained(how: Session, campaign: string): Promise<unknown> {
  let result: unknown;
  const output: Output = { json: true, say: () => undefined, result: (value) => (result = value) };
  await explainVersion(how, campaign, '0', {}, output);
  return result;
}

const short = { texts: 1, actor: { alternatives: 0 } };

test('a version of another model’s campaign is refused at once', async () => {
  const { campaign } = await play(cast({}), short);
  await expect(explained(session(sims.other), campaign)).rejects.toThrow(`campaign "${campaign}" began with the model at simulated:test-law, and the configured one is simulated:other-law`);
});

test('a second call while a version is being explained waits for the same explanation', async () => {
  let asked = () => {};
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const explain = async () => {
    asked();
    await released;
    return explainAnew('the held premise');
  };
  const { campaign } = await play(cast({ explain }), short);
  const first = explained(session(sims.own), campaign);
  await isAsked;
  let joined = () => {};
  const isJoined = new Promise<void>((resolve) => (joined = resolve));
  const { connection } = engine.client;
  const watched = new Client({
    connection,
    namespace: engine.namespace,
    dataConverter: dataConverterOf(null),
    interceptors: { workflow: [{ startWithDetails: (input, next) => next(input).then((started) => (joined(), started)) }] },
  });
  const second = explained(session(sims.own, watched), campaign);
  await Promise.race([isJoined, second]).finally(() => release());
  expect(await second).toMatchObject({ explanation: { arguments: [{ premises: ['the held premise'] }] } });
  expect(await second).toEqual(await first);
});

test('an explanation by a simulated model leaves campaigns the rest of the cap', async () => {
  let held: unknown = null;
  const explain = async () => {
    held = (await readBudget(store)).holds[`${campaign}/explain`];
    return explainAnew('a capped premise');
  };
  const { campaign } = await play(cast({ explain }), short);
  await setCap(store, 1_000e9);
  await explained(session(sims.own), campaign).finally(() => setCap(store, null));
  expect(held).toMatchObject({ nanoUsd: 5e9 });
});

describe('where worker and command have different payload keys', () => {
  const keyed = (name: string, byte: number) => new Map([[name, new Uint8Array(32).fill(byte)]]);
  let worker: Engine;
  beforeAll(async () => {
    worker = await startEngine(model, store, 'simulated:test-law', { keys: keyed('theirs', 1) });
  });
  afterAll(() => worker.stop());
  const client = (keys: PayloadKeys | null) => new Client({ connection: worker.client.connection, namespace: worker.namespace, dataConverter: dataConverterOf(keys) });
  const sealed = { explanation: { arguments: [{ premises: ['a sealed premise'] }] } };

  test.each<[string, PayloadKeys | null]>([
    ['another key', keyed('ours', 2)],
    ['another key of that id', keyed('theirs', 3)],
  ])('%s ends an explanation with a line, frees what it held of the cap, and is in nobody’s way', { timeout: 60_000 }, async (_, keys) => {
    const { campaign } = await play(cast({ explain: () => explainAnew('a sealed premise') }), short);
    await setCap(store, 1_000e9);
    await expect(explained(session(sims.own, client(keys)), campaign)).rejects.toThrow(/^the worker cannot begin it: a payload .* key "theirs"/);
    expect((await readBudget(store)).holds[`${campaign}/explain`]).toEqual({ nanoUsd: 0, state: 'closed' });
    await setCap(store, null);
    expect(await explained(session(sims.own, worker.client), campaign)).toMatchObject(sealed);
  });

  test('one that was left behind by a command that is gone is begun anew', { timeout: 60_000 }, async () => {
    const { campaign, outcome } = await play(cast({ explain: () => explainAnew('a sealed premise') }), short);
    const version = outcome.final as string;
    const handle = await client(keyed('ours', 2)).workflow.start('explain', { workflowId: explainWorkflowId(campaign, 0, version.slice(0, 12)), taskQueue: QUEUES.orchestrate, args: [{ campaign }] });
    await expect.poll(async () => (await handle.fetchHistory()).events?.some(({ workflowTaskFailedEventAttributes: failed }) => failed != null), { timeout: 20_000 }).toBe(true);
    expect(await explained(session(sims.own, worker.client), campaign)).toMatchObject(sealed);
  });
});

test.each(['Infinity', '1e400', '1e300', 'NaN', '0', '-1', '', 'much'])('a budget of "%s" caps nothing and is refused', (budget) => {
  expect(() => nanoUsdOf(budget)).toThrow(`--budget: a number of USD above 0 and below 9000000 (is "${budget}"); such as --budget 0.50`);
});

test('a model that costs money needs a budget to explain', async () => {
  const { name } = await sketchCampaign(store, { situations: [situation(90_002)], law: null });
  await expect(explained(session(sims.own), name)).rejects.toThrow('--budget: required, because the model is not simulated; such as --budget 0.50');
});
