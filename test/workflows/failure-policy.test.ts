import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { CampaignReader } from '../../activities/campaign-reader.ts';
import { goOnRunning } from '../../cli/campaign/change.ts';
import { goOn } from '../../cli/campaign/run-file.ts';
import { viewCampaign, type CampaignView } from '../../cli/campaign/view.ts';
import type { Output } from '../../cli/output.ts';
import type { Session } from '../../cli/session.ts';
import { addSetting, readSettings } from '../../infra/campaign-records.ts';
import { outcomeKey, outcomesPrefix } from '../../schemas/keys.ts';
import { OutcomeRecord, type CampaignRecord, type SettingRecord } from '../../schemas/records.ts';
import { campaignWorkflowId, pageProgressQuery, pageWorkflowId, progressQuery, QUEUES, settingsSignal, type CampaignProgress } from '../../workflows/messages.ts';
import { explainAnew, finding, noFindings, relabel, simpleDraft, StageModel, type Direction, type StepView } from '../fakes/stage-model.ts';
import { situation, sketchCampaign } from '../harness/campaigns.ts';
import { startEngine, testStore, type Engine } from '../harness/engine.ts';

const WAIT = { timeout: 20_000, interval: 50 };

const store = testStore();
let direct: (view: StepView, step: string) => Direction | Promise<Direction>;
const model: StageModel = new StageModel((view, call) => direct(view, stepOf((model.calls[call - 1] as { key: string }).key)));
let engine: Engine;

beforeAll(async () => {
  engine = await startEngine(model, store);
});
afterAll(async () => {
  await engine.stop();
});

const badRequest = () => Anthropic.APIError.generate(400, undefined, 'no', new Headers());
const unavailable = () => Anthropic.APIError.generate(500, undefined, 'away', new Headers());

/** `<try>.<step path>` of a call's key. */
const stepOf = (key: string) => key.replace(/^.*\/[^.]*\.(\d+)\.\d+\.(.*)\.k0\.r0\.json$/, '$1.$2');

/** One finding of the first text on the first draft, then nothing more to say. */
const play = (view: StepView): Direction => {
  if (view.kind === 'draft') return simpleDraft(view.situation, 'walk');
  if (view.kind === 'revise') return relabel('n1', 'run');
  if (view.kind === 'explain') return explainAnew('another premise');
  return view.plan?.nodes[1]?.text === 'walk' ? finding('n1', 'too slow') : noFindings;
};

let stages = 0;
/** A campaign of situations that no other has; `numberOf` tells which of them a call is about. */
async function stage(count: number, file: Record<string, unknown>) {
  const offset = 1_000_000 + 10_000 * Math.floor(1e5 * Math.random()) + 100 * stages++;
  const campaign = await sketchCampaign(store, { situations: Array.from({ length: count }, (_, n) => situation(offset + n)), file: { actor: { maxPasses: 4, alternatives: 1 }, ...file } });
  const numberOf = (view: StepView) => Number(view.situation.initial.split(' ')[1]) - offset;
  const begun = () => new Set(model.calls.map(({ view }) => numberOf(view)).filter((n) => n >= 0 && n < count));
  const steps = () => model.calls.filter(({ view }) => numberOf(view) >= 0 && numberOf(view) < count).map(({ key }) => stepOf(key));
  return { campaign, numberOf, begun, steps };
}

async function start({ name }: CampaignRecord) {
  return await engine.client.workflow.start('campaign', { workflowId: campaignWorkflowId(name), taskQueue: QUEUES.orchestrate, args: [{ campaign: name }] });
}

async function change({ name }: CampaignRecord, setting: Omit<SettingRecord, 'schema' | 'n'>): Promise<void> {
  await addSetting(store, name, setting);
  await engine.client.workflow.getHandle(campaignWorkflowId(name)).signal(settingsSignal);
}

async function ended({ name }: CampaignRecord): Promise<number> {
  const keys: string[] = [];
  for await (const { key } of store.list(outcomesPrefix(name))) keys.push(key);
  return keys.length;
}

const runningOn = async ({ name }: CampaignRecord, page = 0) => (await engine.client.workflow.getHandle(pageWorkflowId(name, page)).query(pageProgressQuery)).running;

function session(): Session {
  const config = { dir: '/nowhere', temporal: { address: inject('services').temporalAddress, namespace: engine.namespace, uiUrl: null }, s3: { bucket: store.bucket }, model: { apiKey: '', baseURL: '' } };
  return { config, store, reader: new CampaignReader(store), client: engine.client };
}

function listening() {
  const said: string[] = [];
  const heard = { said, text: '', result: {} as Record<string, unknown> };
  const output: Output = { json: false, say: (line) => void said.push(line), result: (value, text) => Object.assign(heard, { result: value, text }) };
  return { heard, output };
}

describe('stopAfter', () => {
  test('stops a campaign once too many have failed; what runs ends, following it exits with 1, and resume counts anew', async () => {
    const { campaign, numberOf, begun } = await stage(12, { concurrency: 1, stopAfter: { failedShare: 0.2, minSample: 5 } });
    const { name } = campaign;
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const fails = new Set([0, 2, 4]);
    direct = async (view) => {
      if (numberOf(view) === 5) await released;
      return fails.has(numberOf(view)) ? badRequest() : play(view);
    };
    await start(campaign);
    const { heard, output } = listening();
    const followed = goOn(session(), name, output, { detach: false, changed: false });
    await expect.poll(async () => (await readSettings(store, name)).at(-1)?.stopped, WAIT).toEqual({ failed: 3, ended: 5, failedShare: 0.2, reason: 'Model.BadRequest: 400 no at draft', example: 0 });
    release();
    expect(await followed).toBe(1);
    const why = `stopped: 3 of 5 situations failed (60 %, allowed 20 %): Model.BadRequest: 400 no at draft; \`exemplar show ${name} 0\` shows one, \`exemplar resume ${name}\` goes on, \`exemplar retry-failed ${name}\` tries them again`;
    expect(heard.result).toMatchObject({ state: 'paused', failed: 3, running: 0, stopped: { failed: 3, ended: 5 }, why });
    expect(heard.text).toContain(`campaign ${name}: paused (${why})`);
    // one may have begun before the page was told
    expect(heard.result['converged']).toBe(begun().size - 3);
    expect(begun().size).toBeLessThanOrEqual(6);
    expect(await ended(campaign)).toBe(begun().size);

    const before = await ended(campaign);
    // 3 of 12 are still more than 20 %
    const again = listening();
    expect(await goOnRunning(session(), name, again.output, {}, false)).toBe(1);
    expect(again.heard.result).toMatchObject({ state: 'done', failed: 3, converged: 9, stopped: null, why: '' });
    expect((await readSettings(store, name)).map(({ state, countFrom }) => ({ state, countFrom }))).toEqual([{ state: 'paused' }, { state: 'running', countFrom: { failed: 3, ended: before } }]);
  }, 60_000);

  test('set while a campaign runs counts what has failed by then, and stops it on an empty Temporal too', async () => {
    const { campaign, numberOf } = await stage(9, { concurrency: 2, pageSize: 3 });
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    direct = async (view) => {
      if (numberOf(view) >= 4) await released;
      return numberOf(view) < 4 ? badRequest() : play(view);
    };
    const handle = await start(campaign);
    await expect.poll(() => ended(campaign), WAIT).toBe(4);
    await change(campaign, { stopAfter: { failedShare: 0.5, minSample: 4 } });
    await expect.poll(async () => (await readSettings(store, campaign.name)).at(-1)?.stopped, WAIT).toMatchObject({ failed: 4, ended: 4 });
    await handle.terminate('the database is lost');
    await engine.client.workflow.getHandle(pageWorkflowId(campaign.name, 1)).terminate('with it');
    release();
    const seen = await viewCampaign(session(), campaign.name);
    expect(seen).toMatchObject({ stopped: { failed: 4, ended: 4 } });
    expect(seen.why).toContain('stopped: 4 of 4 situations failed (100 %, allowed 50 %)');
  }, 60_000);

  test('failed situations are let be where only refused ones are above the share', async () => {
    const { campaign, numberOf } = await stage(6, { concurrency: 1, stopAfter: { failedShare: 0.2, minSample: 2 } });
    direct = (view) => (numberOf(view) === 5 ? badRequest() : { text: '', stop: 'refused' });
    expect(await (await start(campaign)).result()).toMatchObject({ state: 'done', outcomes: { refused: 5, failed: 1 } });
  });
});

describe('an outage', () => {
  test('begins no further situation until calls get through, fails none, and says since when it waits', async () => {
    const { campaign, numberOf, begun } = await stage(5, { concurrency: 2 });
    let away = true;
    let fail = () => {};
    const failing = new Promise<void>((resolve) => (fail = resolve));
    direct = async (view) => {
      if (numberOf(view) === 1 && away) await failing;
      if (away) return numberOf(view) === 1 ? badRequest() : unavailable();
      return play(view);
    };
    const began = Date.now();
    const handle = await start(campaign);
    await expect.poll(async () => (await handle.query(progressQuery)).waiting, WAIT).toBe('Model.Unavailable: 500 away');
    const since = (await handle.query(progressQuery)).waitingSince as number;
    expect(since).toBeGreaterThan(began);
    expect(since).toBeLessThanOrEqual(Date.now());
    fail();
    await expect.poll(() => runningOn(campaign), WAIT).toBe(1);
    const view: CampaignView = await viewCampaign(session(), campaign.name);
    expect(view).toMatchObject({ state: 'running', running: 1, failed: 1, waiting: 3, why: 'Model.Unavailable: 500 away' });
    expect(view.waitingS).toBe(Math.round((Date.now() - since) / 1_000));
    expect([...begun()].sort()).toEqual([0, 1]);
    away = false;
    expect(await handle.result()).toMatchObject({ state: 'done', outcomes: { converged: 4, failed: 1 }, waiting: '', waitingSince: null });
  }, 60_000);

  test('that outlasts patience fails what waited for it, with the reason and the step, and the next situations try anew', async () => {
    const { campaign, numberOf } = await stage(2, { concurrency: 1, patience: '6s' });
    direct = (view) => (numberOf(view) === 0 ? unavailable() : play(view));
    expect(await (await start(campaign)).result()).toMatchObject({ state: 'done', outcomes: { converged: 1, failed: 1 } });
    const outcome = OutcomeRecord.parse(JSON.parse(new TextDecoder().decode((await store.get(outcomeKey(campaign.name, 0, 0))))));
    expect(outcome).toMatchObject({ outcome: 'failed', reason: 'Model.Unavailable: 500 away', failedAt: 'draft' });
  }, 60_000);
});

describe('retry-failed', () => {
  const STEPS = ['draft', 'p1.t1.critique', 'p1.t1.revise', 'p1.t2.critique', 'p2.t1.critique', 'p2.t2.critique', 'a1.explain', 'a1.t1.critique', 'a1.t2.critique'];

  test('every step is where the story of these situations has it', async () => {
    const { campaign, steps } = await stage(1, {});
    direct = play;
    await (await start(campaign)).result();
    expect(steps()).toEqual(STEPS.map((step) => `0.${step}`));
  });

  test.each(['draft', 'p1.t1.revise', 'p2.t1.critique', 'a1.explain', 'a1.t2.critique'])('asks %s anew where it failed, what follows it, and nothing before it', async (step) => {
    const { campaign, steps } = await stage(1, {});
    direct = (view, at) => (at === `0.${step}` ? badRequest() : play(view));
    expect(await (await start(campaign)).result()).toMatchObject({ outcomes: { failed: 1 } });
    const before = steps().length;
    await addSetting(store, campaign.name, { retry: { 0: 1 } });
    expect(await (await start(campaign)).result()).toMatchObject({ outcomes: { converged: 1, failed: 0 } });
    expect(steps().slice(before)).toEqual(STEPS.slice(STEPS.indexOf(step)).map((each) => `1.${each}`));
  });
});

test('as many pages are open as fill all slots, and one more', async () => {
  const { campaign, begun } = await stage(20, { concurrency: 7, pageSize: 2 });
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  direct = async (view) => {
    await released;
    return play(view);
  };
  const handle = await start(campaign);
  await expect.poll(() => begun().size, WAIT).toBe(7);
  expect((await handle.query(progressQuery)).openPages).toHaveLength(5);
  expect(Math.max(...[...begun()])).toBe(6);
  release();
  const result = (await handle.result()) as CampaignProgress;
  expect(result).toMatchObject({ state: 'done', outcomes: { converged: 20 } });
}, 60_000);

