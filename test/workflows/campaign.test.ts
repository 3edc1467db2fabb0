import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CampaignReader } from '../../activities/campaign-reader.ts';
import { openSpending } from '../../activities/spending.ts';
import { readManifest } from '../../activities/shards/manifest.ts';
import { addSetting } from '../../infra/campaign-records.ts';
import { readArrow } from '../../infra/arrow/reader.ts';
import { datasetPrefix, grantsPrefix, outcomesPrefix } from '../../schemas/keys.ts';
import type { CampaignRecord, GrantRecord, SettingRecord } from '../../schemas/records.ts';
import { campaignWorkflowId, controlSignal, pageTailSignal, progressQuery, QUEUES, recallSignal, settingsSignal, situationWorkflowId, type CampaignProgress } from '../../workflows/messages.ts';
import { explainAnew, finding, noFindings, relabel, simpleDraft, StageModel, type Direction, type StepView } from '../fakes/stage-model.ts';
import { sketchCampaign, situation } from '../harness/campaigns.ts';
import { startEngine, testStore, type Engine } from '../harness/engine.ts';
import { haveHeard } from '../harness/heard.ts';

const store = testStore();
let direct: (view: StepView) => Direction | Promise<Direction>;
const model = new StageModel((view) => direct(view));
let engine: Engine;

beforeAll(async () => {
  engine = await startEngine(model, store);
});
afterAll(async () => {
  await engine.stop();
});

/** One finding on the first draft, then nothing more to say. */
const wellBehaved = (view: StepView): Direction => {
  switch (view.kind) {
    case 'draft':
      return simpleDraft(view.situation, 'walk');
    case 'critique':
      return view.plan?.nodes[1]?.text === 'walk' ? finding('n1', 'too slow') : noFindings;
    case 'revise':
      return relabel('n1', 'run');
    case 'explain':
      return explainAnew('another premise');
    case 'select':
      throw new Error('no campaign here is routed');
  }
};

/** Situations that no other test has: answers are shared by what is asked, whichever campaign asks. */
const stages = (n: number, offset: number) => Array.from({ length: n }, (_, i) => situation(offset + i));
const actor = { maxPasses: 4, alternatives: 1 };

async function start(campaign: CampaignRecord) {
  return await engine.client.workflow.start('campaign', {
    workflowId: campaignWorkflowId(campaign.name),
    taskQueue: QUEUES.orchestrate,
    args: [{ campaign: campaign.name }],
  });
}

async function run(campaign: CampaignRecord): Promise<CampaignProgress> {
  return (await (await start(campaign)).result()) as CampaignProgress;
}

async function change(campaign: CampaignRecord, setting: Omit<SettingRecord, 'schema' | 'n'>): Promise<void> {
  await addSetting(store, campaign.name, setting);
  await engine.client.workflow.getHandle(campaignWorkflowId(campaign.name)).signal(settingsSignal);
}

/** Plays along until `holds`; from then on every answer waits for `release`. `held` resolves when the first one waits. */
function gated(holds: (view: StepView) => boolean): { play: (view: StepView) => Promise<Direction>; held: Promise<void>; release: () => void } {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let hold = () => {};
  const held = new Promise<void>((resolve) => (hold = resolve));
  const play = async (view: StepView) => {
    if (holds(view)) {
      hold();
      await released;
    }
    return wellBehaved(view);
  };
  return { play, held, release };
}

const sum = ({ outcomes }: CampaignProgress) => Object.values(outcomes).reduce((total, count) => total + count, 0);

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function keysUnder(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key.slice(prefix.length));
  return keys;
}

async function dataRows(campaign: CampaignRecord): Promise<Record<string, unknown>[]> {
  const manifest = await readManifest(store, campaign.name);
  const files = (manifest?.pages ?? []).flatMap((page) => page.files).filter((file) => file.kind === 'data');
  const rows = await Promise.all(files.map(async (file) => await readArrow((await store.get(`${datasetPrefix(campaign.name)}${file.key}`)) as Uint8Array)));
  return rows.flat();
}

describe('a campaign', () => {
  test('runs every page, reconciles, and publishes shards with positives and negatives', async () => {
    direct = wellBehaved;
    const campaign = await sketchCampaign(store, { situations: stages(10, 0), file: { pageSize: 4, concurrency: 3, actor } });
    const result = await run(campaign);
    expect(result).toMatchObject({ state: 'done', planned: 10, outcomes: { converged: 10 } });
    const manifest = await readManifest(store, campaign.name);
    expect(manifest).toMatchObject({ planned: 10, outcomes: { converged: 10, waiting: 0 }, simulated: 'test-law' });
    expect(manifest?.pages.map((page) => page.situations)).toEqual([4, 4, 2]);
    const rows = await dataRows(campaign);
    const labels = rows.map((row) => String(row['label']));
    expect(labels.filter((label) => label === 'positive')).toHaveLength(10);
    expect(labels.filter((label) => label === 'negative')).toHaveLength(10);
  });

  test('duplicates are dropped before indexing, and counted', async () => {
    direct = wellBehaved;
    const campaign = await sketchCampaign(store, { situations: [...stages(3, 100), ...stages(2, 100)], file: { actor } });
    expect(await run(campaign)).toMatchObject({ planned: 3, duplicates: 2, outcomes: { converged: 3 } });
  });

  test('answers that were paid for elsewhere, as by a preview, are counted there alone', async () => {
    direct = wellBehaved;
    const before = model.calls.length;
    const elsewhere = await run(await sketchCampaign(store, { situations: stages(2, 180), file: { actor } }));
    expect(elsewhere.calls).toBe(model.calls.length - before);
    const campaign = await sketchCampaign(store, { situations: stages(2, 180), file: { actor } });
    expect(await run(campaign)).toMatchObject({ outcomes: { converged: 2 }, calls: 0, nanoUsd: 0 });
    expect(await readManifest(store, campaign.name)).toMatchObject({ calls: 0, nanoUsd: 0 });
  });

  test('pause stops the spending, resume goes on', async () => {
    direct = wellBehaved;
    const campaign = await sketchCampaign(store, { situations: stages(6, 200), file: { concurrency: 2, actor } });
    const before = model.calls.length;
    const handle = await start(campaign);
    await until(() => model.calls.length > before + 3);
    await change(campaign, { state: 'paused' });
    await until(async () => (await handle.query(progressQuery)).state === 'paused');
    // calls in flight end; then none follows
    let calls = -1;
    await until(async () => {
      const now = model.calls.length;
      const still = now === calls;
      calls = now;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return still;
    });
    expect(sum((await handle.query(progressQuery))) < 6).toBe(true);
    await change(campaign, { state: 'running' });
    expect(((await handle.result()) as CampaignProgress).outcomes.converged).toBe(6);
  });

  test('cancel seals what is terminal and leaves the rest waiting; a new start goes on without paying again', async () => {
    direct = wellBehaved;
    const campaign = await sketchCampaign(store, { situations: stages(12, 300), file: { concurrency: 2, pageSize: 12, actor } });
    const handle = await start(campaign);
    await until(async () => (await keysUnder(outcomesPrefix(campaign.name))).length >= 2);
    await change(campaign, { state: 'cancelled' });
    const cancelled = (await handle.result()) as CampaignProgress;
    expect(cancelled.state).toBe('cancelled');
    const sealed = await readManifest(store, campaign.name);
    expect(sealed?.outcomes.waiting).toBeGreaterThan(0);
    expect(sum(cancelled) + (sealed?.outcomes.waiting ?? 0)).toBe(12);
    await addSetting(store, campaign.name, { state: 'running' });
    expect(await run(campaign)).toMatchObject({ state: 'done', outcomes: { converged: 12 } });
    const keys = model.calls.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('a situation terminated from outside fails with the reason, and the others go on', async () => {
    direct = async (view) => {
      if (view.situation.initial === 'start 500') await new Promise((resolve) => setTimeout(resolve, 1_500));
      return wellBehaved(view);
    };
    const campaign = await sketchCampaign(store, { situations: stages(3, 500), file: { actor } });
    const handle = await start(campaign);
    const victim = engine.client.workflow.getHandle(situationWorkflowId(campaign.name, 0, 0));
    await until(async () => (await victim.describe().catch(() => null)) !== null);
    await victim.terminate('by hand');
    expect(await handle.result()).toMatchObject({ outcomes: { converged: 2, failed: 1 } });
  });

  test('retry-failed tries failed situations once more, asking only the failing step anew', async () => {
    let broken = true;
    direct = (view) => (broken && view.kind === 'critique' && view.situation.initial === 'start 600' ? { text: 'no' } : wellBehaved(view));
    const campaign = await sketchCampaign(store, { situations: stages(2, 600), file: { actor } });
    expect(await run(campaign)).toMatchObject({ outcomes: { converged: 1, failed: 1 } });
    const first = await readManifest(store, campaign.name);
    broken = false;
    const before = model.calls.length;
    await addSetting(store, campaign.name, { retry: { 0: 1 } });
    expect(await run(campaign)).toMatchObject({ outcomes: { converged: 2, failed: 0 } });
    const again = model.calls.slice(before).map(({ key }) => (key.split('/').at(-1) as string).split('.').slice(1).join('.'));
    expect(again[0]).toBe('1.0.p1.t1.critique.k0.r0.json');
    expect(again).not.toContain('1.0.draft.k0.r0.json');
    const second = await readManifest(store, campaign.name);
    expect(second?.generation).toBe((first?.generation ?? 0) + 1);
    for (const file of first?.pages.flatMap((page) => page.files) ?? []) expect(await store.get(`${datasetPrefix(campaign.name)}${file.key}`)).not.toBeNull();
  });

  test('extending re-seals a half-filled page whole in the next generation', async () => {
    direct = wellBehaved;
    const campaign = await sketchCampaign(store, { situations: stages(3, 700), file: { pageSize: 4, actor } });
    await run(campaign);
    const more = await sketchCampaign(store, { situations: stages(6, 700), file: { name: campaign.name, pageSize: 4, actor } });
    expect(more.fingerprint).toBe(campaign.fingerprint);
    const before = model.calls.length;
    expect(await run(campaign)).toMatchObject({ planned: 6, outcomes: { converged: 6 } });
    expect(new Set(model.calls.slice(before).map(({ view }) => view.situation.initial)).size).toBe(3);
    expect((await readManifest(store, campaign.name))?.pages.map((page) => page.situations)).toEqual([4, 2]);
  });

  test('a longer listing is taken up while the campaign runs', async () => {
    const { play, held, release } = gated((view) => view.kind === 'critique');
    direct = play;
    const campaign = await sketchCampaign(store, { situations: stages(3, 720), file: { pageSize: 4, actor } });
    const handle = await start(campaign);
    await held;
    await sketchCampaign(store, { situations: stages(6, 720), file: { name: campaign.name, pageSize: 4, actor } });
    await handle.signal(settingsSignal);
    await until(async () => (await handle.query(progressQuery)).planned === 6);
    release();
    expect(await handle.result()).toMatchObject({ planned: 6, outcomes: { converged: 6 } });
    expect((await readManifest(store, campaign.name))?.pages.map((page) => page.situations)).toEqual([4, 2]);
  });

  test.each([
    ['a page that is sealed', 1],
    ['a page that is open', 2],
  ])('a retry of a situation in %s is taken up while the campaign runs', async (_, pageSize) => {
    const offset = 620 + 10 * pageSize;
    const { play, held, release } = gated((view) => view.situation.initial === `start ${offset + 1}`);
    let broken = true;
    direct = (view) => (broken && view.kind === 'critique' && view.situation.initial === `start ${offset}` ? { text: 'no' } : play(view));
    const campaign = await sketchCampaign(store, { situations: stages(2, offset), file: { pageSize, actor } });
    const handle = await start(campaign);
    await held;
    await until(async () => (await keysUnder(outcomesPrefix(campaign.name))).length === 1);
    if (pageSize === 1) await until(async () => (await handle.query(progressQuery)).outcomes.failed === 1);
    broken = false;
    await change(campaign, { retry: { 0: 1 } });
    await until(async () => (await handle.query(progressQuery)).openPages.length === 3 - pageSize);
    release();
    expect(await handle.result()).toMatchObject({ state: 'done', outcomes: { converged: 2, failed: 0 } });
    expect((await readManifest(store, campaign.name))?.outcomes).toMatchObject({ converged: 2, failed: 0, waiting: 0 });
  });

  test('slots that are shared out while a page is being started reach it', async () => {
    direct = (view) => (view.kind === 'draft' ? simpleDraft(view.situation, 'walk') : noFindings);
    const campaign = await sketchCampaign(store, { situations: stages(12, 760), texts: 1, file: { pageSize: 1, concurrency: 4, actor: { maxPasses: 1, alternatives: 0 } } });
    const handle = await start(campaign);
    let ended = false;
    const result = handle.result().finally(() => (ended = true));
    // tails of pages come and go all the time: each shares the slots out anew
    for (let page = 0; !ended; page = (page + 1) % 12) await handle.signal(pageTailSignal, { page, running: 0 }).catch(() => undefined);
    expect(await result).toMatchObject({ state: 'done', planned: 12 });
  });

  test('another campaign file under the same name is refused, naming the field and a free name', async () => {
    direct = wellBehaved;
    const campaign = await sketchCampaign(store, { situations: stages(1, 800), file: { actor } });
    await expect(sketchCampaign(store, { situations: stages(1, 800), file: { name: campaign.name, actor: { ...actor, maxPasses: 5 } } })).rejects.toThrow(
      new RegExp(`actor differs from the campaign "${campaign.name}".*such as ${campaign.name}-2`),
    );
  });
});

describe('the budget', () => {
  /** Each call of the stage model costs 1000 x 3 + 200 x 15 = 6000 millionths of a dollar. */
  const CALL = 0.006;

  test.each([0.05, 0.1, 0.3, 1])('is never exceeded at $%s, and what does not fit ends as over-budget', async (budget) => {
    direct = wellBehaved;
    const campaign = await sketchCampaign(store, { situations: stages(8, 1_000 + budget * 1_000), file: { budget, pageSize: 3, concurrency: 4, actor } });
    const before = model.calls.length;
    const result = await run(campaign);
    const spent = (model.calls.length - before) * CALL;
    console.log(`budget $${budget}: spent $${spent.toFixed(3)} in ${model.calls.length - before} calls; ${JSON.stringify(result.outcomes)}`);
    expect(spent).toBeLessThanOrEqual(budget);
    expect(result.nanoUsd).toBe(Math.round(spent * 1e9));
    expect(sum(result)).toBe(8);
    expect(result.outcomes['over-budget'] > 0 || result.outcomes.converged === 8).toBe(true);
    if (budget === 1) expect(result.outcomes.converged).toBe(8);
  });

  test.each([0.2, 1])('that is first set to $%s while the campaign runs is kept to, and nothing is paid twice', async (budget) => {
    const before = model.calls.length;
    const { play, held, release } = gated(() => model.calls.length - before > 12);
    direct = play;
    const campaign = await sketchCampaign(store, { situations: stages(8, 1_500 + budget * 100), file: { pageSize: 3, concurrency: 4, actor } });
    const handle = await start(campaign);
    await held;
    await change(campaign, { budget });
    await until(async () => (await handle.query(progressQuery)).budget === budget);
    release();
    const result = (await handle.result()) as CampaignProgress;
    const paid = model.calls.slice(before);
    expect(paid.length * CALL).toBeLessThanOrEqual(budget);
    expect(result.nanoUsd).toBe(Math.round(paid.length * CALL * 1e9));
    expect(new Set(paid.map(({ key }) => key)).size).toBe(paid.length);
    expect(sum(result)).toBe(8);
    expect(result.outcomes['over-budget'] > 0).toBe(budget < 1);
  });

  test('a budget that comes after a cancel knows what the stopped situations have cost', async () => {
    const before = model.calls.length;
    const { play, held, release } = gated(() => model.calls.length - before > 4);
    direct = play;
    const campaign = await sketchCampaign(store, { situations: stages(2, 1_700), file: { actor } });
    const handle = await start(campaign);
    await held;
    await change(campaign, { state: 'cancelled' });
    await until(async () => (await handle.query(progressQuery)).state === 'cancelling');
    release();
    expect(sum((await handle.result()) as CampaignProgress)).toBe(0);
    expect(await openSpending(new CampaignReader(store), campaign.name, () => false, 2)).toBe(Math.round((model.calls.length - before) * CALL * 1e9));
  });

  test('a raised budget lets retried situations go on', async () => {
    direct = wellBehaved;
    const campaign = await sketchCampaign(store, { situations: stages(2, 950), file: { budget: 0.05, actor } });
    const first = await run(campaign);
    expect(first.outcomes['over-budget']).toBeGreaterThan(0);
    await addSetting(store, campaign.name, { budget: 5, retry: { 0: 1, 1: 1 } });
    expect(await run(campaign)).toMatchObject({ outcomes: { converged: 2 }, budget: 5 });
  });

  test('without an outcome, what was granted counts as spent when the database is gone', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    direct = async (view) => {
      if (view.kind === 'critique') await released;
      return wellBehaved(view);
    };
    const campaign = await sketchCampaign(store, { situations: stages(1, 990), file: { budget: 1, actor } });
    const handle = await start(campaign);
    await until(async () => (await keysUnder(grantsPrefix(campaign.name))).length > 0);
    await handle.terminate('database deleted');
    const granted = JSON.parse(new TextDecoder().decode((await store.get(`${grantsPrefix(campaign.name)}0000000.0.0.json`)))) as GrantRecord;
    expect(granted.nanoUsd).toBeGreaterThan(0);
    expect(await openSpending(new CampaignReader(store), campaign.name, () => false, 1)).toBe(granted.nanoUsd);
    release();
  });
});

describe('a budget changed while the campaign runs', () => {
  const CALL = 0.006;
  /** Those that run at once. */
  const FOUR = [0, 1, 2, 3];

  test('lowered below what is granted, it stops the spending; raised again, all goes on', async () => {
    const before = model.calls.length;
    const { play, held, release } = gated(() => model.calls.length - before > 6);
    direct = play;
    const campaign = await sketchCampaign(store, { situations: stages(6, 1_800), file: { budget: 2, pageSize: 3, concurrency: 4, actor } });
    const handle = await start(campaign);
    await held;
    // what is in flight finishes, and no other call fits; the first need waits for the money that comes back
    const low = (model.calls.length - before) * CALL;
    await change(campaign, { budget: low });
    await haveHeard(engine.client, campaign.name, FOUR, recallSignal.name);
    const inFlight = model.calls.length;
    await change(campaign, { state: 'paused' });
    await haveHeard(engine.client, campaign.name, FOUR, controlSignal.name);
    release();
    await change(campaign, { budget: 2, state: 'running' });
    const result = (await handle.result()) as CampaignProgress;
    expect(result.outcomes).toMatchObject({ converged: 6, 'over-budget': 0 });
    expect(model.calls.length).toBeGreaterThan(inFlight);
    const keys = model.calls.slice(before).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('lowered to what is spent, it ends the situations that nothing is left for, with no call more', async () => {
    const before = model.calls.length;
    const { play, held, release } = gated(() => model.calls.length - before > 6);
    direct = play;
    const campaign = await sketchCampaign(store, { situations: stages(6, 1_830), file: { budget: 2, pageSize: 3, concurrency: 4, actor } });
    const handle = await start(campaign);
    await held;
    await change(campaign, { budget: 0.01 });
    await haveHeard(engine.client, campaign.name, FOUR, recallSignal.name);
    const inFlight = model.calls.length - before;
    release();
    const result = (await handle.result()) as CampaignProgress;
    expect(model.calls.length - before).toBe(inFlight);
    expect(result.outcomes['over-budget']).toBe(6);
    expect(result.nanoUsd).toBe(Math.round((model.calls.length - before) * CALL * 1e9));
  });
});
