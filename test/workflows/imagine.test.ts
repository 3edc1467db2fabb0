import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readImagined } from '../../activities/imagined.ts';
import { CampaignReader } from '../../activities/campaign-reader.ts';
import type { Model } from '../../activities/model.ts';
import { contentOf } from '../../activities/requests.ts';
import { readManifest } from '../../activities/shards/manifest.ts';
import { verify } from '../../activities/shards/verify.ts';
import { storeSource } from '../../activities/shards/verify-source.ts';
import { openCampaign } from '../../infra/campaign-opening.ts';
import { readCampaignSource, type CampaignSource } from '../../infra/campaign-source.ts';
import { saveImagineRequest } from '../../infra/imagine-request.ts';
import type { ImaginedSource } from '../../schemas/campaign.ts';
import { contentHash, sha256Hex } from '../../schemas/canonical.ts';
import type { ImaginedRecord } from '../../schemas/imagined.ts';
import { imagineAllPrefix, imaginedKey } from '../../schemas/keys.ts';
import type { Situation } from '../../schemas/situation.ts';
import type { ImagineInput, ImagineOutcome } from '../../workflows/imagine.ts';
import { campaignWorkflowId, imagineProgressQuery, imagineWorkflowId, QUEUES, type CampaignProgress } from '../../workflows/messages.ts';
import { AuthorModel, isImagining, write, type Asked, type Written } from '../fakes/author-model.ts';
import { explainAnew, noFindings, simpleDraft, StageModel } from '../fakes/stage-model.ts';
import { writeCampaign } from '../harness/campaigns.ts';
import { startEngine, testStore, type Engine } from '../harness/engine.ts';

const PROVIDER = { origin: 'http://stage', simulated: 'test-law', identity: 'simulated:test-law' };
/** A call of the author model at the price of claude-sonnet-4-6: 1000 x 3 + 200 x 15 millionths of a dollar. */
const CALL = 0.006;

const store = testStore();
let direct: (asked: Asked) => Written | Promise<Written>;
const model = new AuthorModel((asked) => direct(asked));
const actor = new StageModel((view) => {
  switch (view.kind) {
    case 'draft':
      return simpleDraft(view.situation, 'walk');
    case 'explain':
      return explainAnew('another premise');
    case 'critique':
    case 'revise':
    case 'select':
      return noFindings;
  }
});
const both: Model = { send: (request, options) => (isImagining(request) ? model : actor).send(request, options) };
let engine: Engine;

beforeAll(async () => {
  engine = await startEngine(both, store);
});
afterAll(async () => {
  await engine.stop();
});

/** Texts that resemble each other only where their words are the same. */
const tale = (...parts: unknown[]) => [0, 1, 2, 3].map((n) => sha256Hex(`${n}/${JSON.stringify(parts)}`).slice(0, 24)).join(' ');
const inventive = (asked: Asked) => write(asked, (n) => tale(asked.cell.domain, asked.cell.task, asked.cell.stakes, asked.cell.variation, n));

interface Setting extends Partial<Omit<ImaginedSource, 'from'>> {
  name?: string;
  budget?: number;
  concurrency?: number;
}

interface Prepared {
  source: CampaignSource;
  fingerprint: string;
  input: ImagineInput;
}

/** A campaign whose situations are to be imagined; each test has domains of its own, because answers are shared by what is asked. */
async function prepare({ name = `t-${randomUUID().slice(0, 13)}`, budget, concurrency = 4, ...situations }: Setting): Promise<Prepared> {
  const file = { name, concurrency, actor: { alternatives: 0 }, ...(budget === undefined ? {} : { budget }), situations: { from: 'imagine', horizons: ['hours/days'], stakes: ['low', 'high'], batch: 2, ...situations } };
  const source = await readCampaignSource(writeCampaign([], 1, file));
  const { request, fingerprint } = await saveImagineRequest(store, source, source.file.situations as ImaginedSource, PROVIDER, 'schema');
  return { source, fingerprint, input: { campaign: name, request, concurrency, budget: budget ?? null, patienceMs: 60_000 } };
}

async function start({ input }: Prepared) {
  return await engine.client.workflow.start('imagine', { workflowId: imagineWorkflowId(input.campaign), taskQueue: QUEUES.orchestrate, args: [input] });
}

async function run(prepared: Prepared): Promise<ImagineOutcome> {
  return (await (await start(prepared)).result()) as ImagineOutcome;
}

const recordOf = async ({ input }: Prepared) => (await readImagined(store, input.campaign)) as ImaginedRecord;
const listingOf = async (record: ImaginedRecord): Promise<Situation[]> => await new CampaignReader(store).situations(record.listing);

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('an imagination', () => {
  test('fills every cell in turn and writes the listing with what it cost and how varied it is', async () => {
    direct = inventive;
    const prepared = await prepare({ count: 10, domains: ['first-a', 'first-b'] });
    const before = model.calls.length;
    expect(await run(prepared)).toEqual({ outcome: 'imagined', reason: '', count: 10 });
    const record = await recordOf(prepared);
    // two domains, two stakes, two tasks; a batch of two fills 8 cells once and two of them again
    expect(record).toMatchObject({ fingerprint: prepared.fingerprint, calls: 8, nanoUsd: 8 * CALL * 1e9, listing: { count: 10, duplicates: 0 }, diversity: { cells: 8, filled: 8, nearDuplicates: 0 } });
    expect(record.diversity.meanDistance).toBeGreaterThan(0.9);
    expect(model.calls.length - before).toBe(8);
    const situations = await listingOf(record);
    expect(situations.map(({ index }) => index)).toEqual(Array.from({ length: 10 }, (_, i) => i));
    for (const { situations: indexes, ...cell } of record.cells) {
      for (const index of indexes) expect(situations[index]).toMatchObject({ task: cell.task, agent: cell.agent, horizon: cell.horizon, world: null, parent: null });
    }
    expect(record.cells.flatMap((cell) => cell.situations).sort((a, b) => a - b)).toEqual(situations.map(({ index }) => index));
    expect(situations.every((situation) => situation.id === contentHash(contentOf(situation)))).toBe(true);
  });

  test('drops near-duplicates, asks for more, and gives a cell up that has nothing else to say', async () => {
    direct = (asked) => (asked.cell.stakes === 'low' ? write(asked, () => tale('the same', asked.cell.domain)) : inventive(asked));
    const prepared = await prepare({ count: 6, domains: ['dull'], tasks: ['plan'] });
    expect((await run(prepared)).count).toBe(6);
    const { diversity, cells, listing } = await recordOf(prepared);
    expect(cells.find(({ stakes }) => stakes === 'low')?.situations).toHaveLength(1);
    expect(cells.find(({ stakes }) => stakes === 'high')?.situations).toHaveLength(5);
    // one of the first answer, then two of each of three more
    expect(diversity.nearDuplicates).toBe(7);
    expect(listing.duplicates).toBe(7);
  });

  test('gives the same listing for the same parameters, under any name, and pays for nothing again', async () => {
    direct = inventive;
    const first = await prepare({ count: 9, domains: ['same-a', 'same-b', 'same-c'] });
    await run(first);
    const before = model.calls.length;
    const second = await prepare({ count: 9, domains: ['same-a', 'same-b', 'same-c'] });
    await run(second);
    expect(model.calls.length).toBe(before);
    const [one, two] = [await recordOf(first), await recordOf(second)];
    expect(two).toEqual({ ...one, calls: 0, nanoUsd: 0 });
  });

  test('of more situations begins with those of fewer, and of another seed has others', async () => {
    direct = inventive;
    const domains = ['more-a', 'more-b'];
    const listings = await Promise.all(
      [{ count: 5, domains }, { count: 11, domains }, { count: 5, domains, seed: 1 }].map(async (setting) => {
        const prepared = await prepare(setting);
        await run(prepared);
        return (await listingOf(await recordOf(prepared))).map(({ id }) => id);
      }),
    );
    const [few, many, others] = listings as [string[], string[], string[]];
    expect(many.slice(0, 5)).toEqual(few);
    expect(others.filter((id) => few.includes(id))).toEqual([]);
  });

  test('mends what does not fit its cell by quoting the fault, and reports the reason where that fails', async () => {
    direct = (asked) => {
      const output = inventive(asked);
      if (asked.cell.domain === 'hopeless') return { text: 'no' };
      if (asked.faults.length === 0) output.situations.forEach((situation) => Object.assign(situation, { horizon: 'weeks', target: asked.cell.task === 'plan' ? '' : 'x' }));
      return output;
    };
    const mended = await prepare({ count: 4, domains: ['crooked'] });
    expect((await run(mended)).outcome).toBe('imagined');
    const quoted = model.calls.flatMap(({ asked }) => (asked.cell.domain === 'crooked' ? asked.faults : []));
    expect(quoted).toContain('situations.0.horizon: is "weeks"; asked for is "hours/days"');
    expect(quoted).toContain('situations.0.target: a prediction has none: give ""');
    expect(quoted).toContain('situations.1.target: is empty; only a plan for decades may be open-ended');
    expect((await recordOf(mended)).calls).toBe(8);

    const hopeless = await prepare({ count: 4, domains: ['hopeless'], tasks: ['plan'], stakes: ['low'] });
    const outcome = await run(hopeless);
    expect(outcome).toMatchObject({ outcome: 'nothing', count: 0 });
    expect(outcome.reason).toMatch(/^invalid output after 2 repairs: not JSON/);
    expect(await store.get(imaginedKey(hopeless.input.campaign))).toBeNull();
  });

  test('started anew after its workflow is gone asks nothing twice', async () => {
    let held = true;
    direct = async (asked) => {
      await until(() => !held || asked.cell.task === 'plan');
      return inventive(asked);
    };
    const prepared = await prepare({ count: 12, domains: ['gone-a', 'gone-b'], concurrency: 8 });
    const mine = () => model.calls.filter(({ asked }) => asked.cell.domain.startsWith('gone')).map(({ key }) => key);
    const handle = await start(prepared);
    await until(() => mine().length === 8);
    await until(async () => (await handle.query(imagineProgressQuery)).calls === 4);
    await handle.terminate('database deleted');
    held = false;
    expect((await run(prepared)).count).toBe(12);
    expect(new Set(mine()).size).toBe(mine().length);
    const record = await recordOf(prepared);
    expect(record).toMatchObject({ calls: mine().length, nanoUsd: Math.round(mine().length * CALL * 1e9) });
  });

  test('keeps its history small: seven events an ask, and no text in it', async () => {
    direct = inventive;
    const prepared = await prepare({ count: 40, domains: ['small-a', 'small-b', 'small-c'], concurrency: 3 });
    const handle = await start(prepared);
    await handle.result();
    const { events } = await handle.fetchHistory();
    const asks = events?.filter(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'imagine').length ?? 0;
    const others = events?.filter(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType !== undefined).length ?? 0;
    expect(asks).toBe(24);
    expect(events?.length ?? 0).toBeLessThanOrEqual(7 * others + 5);
    const json = JSON.stringify(events, (_, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value));
    for (const { initial } of await listingOf(await recordOf(prepared))) expect(json).not.toContain(initial);
  });
});

describe('the budget of an imagination', () => {
  const spentFor = (domain: string) => model.calls.filter(({ asked }) => asked.cell.domain === domain).length * CALL;

  test.each([0.03, 0.05, 0.08])('is never exceeded at $%s; raised, it goes on where it stopped', async (budget) => {
    direct = inventive;
    const domain = `budget-${budget}`;
    const tight = await prepare({ count: 16, domains: [domain], batch: 1, budget });
    const outcome = await run(tight);
    expect(outcome.outcome).toBe('over-budget');
    expect(spentFor(domain)).toBeLessThanOrEqual(budget);
    expect(await readImagined(store, tight.input.campaign)).toBeNull();
    const raised = await prepare({ name: tight.input.campaign, count: 16, domains: [domain], batch: 1, budget: 5 });
    expect((await run(raised)).count).toBe(16);
    expect(spentFor(domain)).toBeCloseTo(16 * CALL, 9);
    expect((await recordOf(raised)).nanoUsd).toBe(Math.round(16 * CALL * 1e9));
  });

  test('counts what was imagined from other parameters, and what a lost run had promised', async () => {
    direct = inventive;
    const first = await prepare({ count: 2, domains: ['left'], tasks: ['plan'], stakes: ['low'], budget: 1 });
    const handle = await start(first);
    await handle.result();
    // as if the run had been killed before its last act, and the file changed
    const second = await prepare({ name: first.input.campaign, count: 2, domains: ['left-instead'], tasks: ['plan'], stakes: ['low'], budget: 1 });
    let sent = () => {};
    const isSent = new Promise<void>((resolve) => (sent = resolve));
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    direct = async (asked) => {
      sent();
      await released;
      return inventive(asked);
    };
    const lost = await start(second);
    await isSent;
    await lost.terminate('database deleted');
    const anew = await start(second);
    await until(async () => (await anew.query(imagineProgressQuery).catch(() => null)) !== null);
    const { nanoUsd } = await anew.query(imagineProgressQuery);
    const keys: string[] = [];
    for await (const { key } of store.list(imagineAllPrefix(first.input.campaign))) keys.push(key);
    const promised = keys.filter((key) => key.includes('grant') && key.includes(second.fingerprint.slice(0, 16)));
    const [grant] = await Promise.all(promised.map(async (key) => JSON.parse(new TextDecoder().decode(await store.get(key))) as { nanoUsd: number }));
    // the finished ask at its price, the promised one at worst case
    expect(nanoUsd).toBe(CALL * 1e9 + (grant?.nanoUsd ?? 0));
    expect(grant?.nanoUsd).toBeGreaterThan(CALL * 1e9);
    release();
    await anew.result();
  });
});

describe('a campaign of imagined situations', () => {
  async function imagineAndRun(setting: Setting): Promise<{ result: CampaignProgress; record: ImaginedRecord; spent: number }> {
    direct = inventive;
    const calls = () => model.calls.length + actor.calls.length;
    const before = calls();
    const prepared = await prepare(setting);
    await run(prepared);
    const record = await recordOf(prepared);
    const source = { ...prepared.source, listing: { situations: await listingOf(record), duplicates: record.listing.duplicates } };
    const { campaign } = await openCampaign(store, source, PROVIDER, 'schema');
    const options = { workflowId: campaignWorkflowId(campaign.name), taskQueue: QUEUES.orchestrate, args: [{ campaign: campaign.name }] };
    const result = (await (await engine.client.workflow.start('campaign', options)).result()) as CampaignProgress;
    return { result, record, spent: Math.round((calls() - before) * CALL * 1e9) };
  }

  test('counts what imagining cost, in its progress, its manifest and its verification', async () => {
    const name = `t-${randomUUID().slice(0, 13)}`;
    const { result, record, spent } = await imagineAndRun({ name, count: 4, domains: ['whole'] });
    expect(result).toMatchObject({ state: 'done', planned: 4, outcomes: { converged: 4 }, nanoUsd: spent });
    const { nanoUsd, calls } = record;
    expect(nanoUsd).toBe(4 * CALL * 1e9);
    expect(await readManifest(store, name)).toMatchObject({ nanoUsd: spent, calls: result.calls, imagined: { nanoUsd, calls } });
    expect((await verify(storeSource(store, name))).faults).toEqual([]);
  });

  test('holds its budget over imagining and planning together', async () => {
    const { result, record, spent } = await imagineAndRun({ count: 4, domains: ['capped'], budget: 0.1, concurrency: 2 });
    expect(record.nanoUsd).toBeGreaterThan(0);
    expect(spent).toBeLessThanOrEqual(0.16 * 1e9);
    expect(result.nanoUsd).toBe(spent);
    expect(result.outcomes['over-budget']).toBeGreaterThan(0);
  });
});
