import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { removeGarbage } from '../../activities/datasets/garbage.ts';
import { publish, readManifest } from '../../activities/shards/manifest.ts';
import { verify } from '../../activities/shards/verify.ts';
import { storeSource } from '../../activities/shards/verify-source.ts';
import { addSetting } from '../../infra/campaign-records.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import { cardKey, datasetPrefix, manifestKey, manifestPrefix } from '../../schemas/keys.ts';
import type { Manifest, PageSeal } from '../../schemas/manifest.ts';
import type { CampaignRecord } from '../../schemas/records.ts';
import { campaignWorkflowId, QUEUES, type CampaignProgress } from '../../workflows/messages.ts';
import { explainAnew, noFindings, simpleDraft, StageModel, type Direction, type StepView } from '../fakes/stage-model.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { sketchCampaign, situation } from '../harness/campaigns.ts';
import { startEngine, testStore, type Engine } from '../harness/engine.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Keeps what each write found, and of each generation the hashes of its files at the moment when it was published. */
class WatchedStore extends MemoryStore {
  readonly overwritten: string[] = [];
  readonly pinned = new Map<string, Record<string, string | null>>();

  override async putIfAbsent(key: string, body: Uint8Array | string): Promise<boolean> {
    const made = await super.putIfAbsent(key, body);
    if (made && key.includes('/manifest/')) this.pinned.set(key, this.read(key));
    return made;
  }

  override async put(key: string, body: Uint8Array | string): Promise<void> {
    if (this.objects.has(key)) this.overwritten.push(key);
    await super.put(key, body);
  }

  /** What a reader of this generation reads. */
  read(key: string): Record<string, string | null> {
    const { campaign, pages } = this.manifest(key);
    const files = pages.flatMap((page) => page.files.map((file) => `${datasetPrefix(campaign)}${file.key}`));
    return Object.fromEntries([key, ...files].map((each) => [each, this.objects.has(each) ? sha256Hex(this.objects.get(each) as Uint8Array) : null]));
  }

  manifest(key: string): Manifest {
    return JSON.parse(new TextDecoder().decode(this.objects.get(key))) as Manifest;
  }
}

const store = new WatchedStore();
let direct: (view: StepView) => Direction;
let engine: Engine;

beforeAll(async () => {
  engine = await startEngine(new StageModel((view) => direct(view)), store);
});
afterAll(async () => {
  await engine.stop();
});

const wellBehaved = (view: StepView): Direction => (view.kind === 'draft' ? simpleDraft(view.situation, 'walk') : view.kind === 'explain' ? explainAnew('another premise') : noFindings);
const stages = (n: number, offset: number) => Array.from({ length: n }, (_, i) => situation(offset + i));
const actor = { maxPasses: 2, alternatives: 0 };

async function run({ name }: CampaignRecord): Promise<CampaignProgress> {
  return (await engine.client.workflow.execute('campaign', { workflowId: campaignWorkflowId(name), taskQueue: QUEUES.orchestrate, args: [{ campaign: name }] })) as CampaignProgress;
}

const faults = async ({ name }: CampaignRecord) => (await verify(storeSource(store, name))).faults;

/** All generations, by number. */
function generations({ name }: CampaignRecord): Manifest[] {
  return [...store.objects.keys()].filter((key) => key.startsWith(manifestPrefix(name))).sort().map((key) => store.manifest(key));
}

test('a reader that has pinned a generation reads the same bytes while pages seal, the campaign is extended and retried; gc leaves that so', async () => {
  const broken = new Set(['start 10001', 'start 10004']);
  direct = (view) => (broken.has(view.situation.initial) && view.kind === 'critique' ? { text: 'no' } : wellBehaved(view));
  const sketch = (n: number, name?: string) => sketchCampaign(store, { situations: stages(n, 10_000), texts: 1, file: { ...(name === undefined ? {} : { name }), pageSize: 2, concurrency: 2, actor } });
  const campaign = await sketch(3);
  const { name } = campaign;
  expect(await run(campaign)).toMatchObject({ outcomes: { converged: 2, failed: 1 } });
  await sketch(6, name);
  expect(await run(campaign)).toMatchObject({ planned: 6, outcomes: { converged: 4, failed: 2 } });
  broken.delete('start 10001');
  await addSetting(store, name, { retry: { 1: 1 } });
  expect(await run(campaign)).toMatchObject({ outcomes: { converged: 5, failed: 1 } });

  const all = generations(campaign);
  expect(all.map(({ generation }) => generation)).toEqual(all.map((_, i) => i + 1));
  // the half-filled page stands whole in a generation, and as it was in those before
  const halves = all.map(({ pages }) => pages.find(({ page }) => page === 1)?.situations);
  expect(new Set(halves)).toEqual(new Set([undefined, 1, 2].filter((n) => halves.includes(n))));
  expect(halves.at(-1)).toBe(2);
  expect(halves).toContain(1);
  // at the moment of its publication each was whole, and reads so still
  for (const [key, pinned] of store.pinned) {
    expect(Object.values(pinned)).not.toContain(null);
    expect(store.read(key)).toEqual(pinned);
  }
  expect(new Set(store.overwritten)).toEqual(new Set([cardKey(name)]));
  expect(await faults(campaign)).toEqual([]);

  const pinned = store.pinned.get(manifestKey(name, 2));
  expect((await removeGarbage(store, name, { newest: 1, generations: [2], ageMs: 0 })).manifests.length).toBeGreaterThan(0);
  expect(store.read(manifestKey(name, 2))).toEqual(pinned);
  expect(await faults(campaign)).toEqual([]);
  broken.clear();
  await sketch(7, name);
  expect(await run(campaign)).toMatchObject({ planned: 7, outcomes: { converged: 6, failed: 1 } });
  await addSetting(store, name, { retry: { 4: 1 } });
  expect(await run(campaign)).toMatchObject({ outcomes: { converged: 7, failed: 0 } });
  expect(store.read(manifestKey(name, 2))).toEqual(pinned);
  expect(await faults(campaign)).toEqual([]);
  expect((await removeGarbage(store, name, { newest: 1, generations: [], ageMs: 0 })).files.length).toBeGreaterThan(0);
  expect(await faults(campaign)).toEqual([]);
});

test('many pages share generations: each holds all that is sealed but a 32nd, and the last one everything', async () => {
  direct = wellBehaved;
  const campaign = await sketchCampaign(store, { situations: stages(48, 11_000), texts: 1, file: { pageSize: 1, concurrency: 4, actor } });
  expect(await run(campaign)).toMatchObject({ state: 'done', outcomes: { converged: 48 } });
  const all = generations(campaign);
  expect(all.map(({ generation }) => generation)).toEqual(all.map((_, i) => i + 1));
  const pages = all.map((manifest) => manifest.pages.length);
  expect(pages.at(-1)).toBe(48);
  // one by one up to 32 pages, two by two from then on
  for (const [i, n] of pages.entries()) if (n > 33 && n < 48) expect(n - (pages[i - 1] as number)).toBeGreaterThan(1);
  expect(all.length).toBeLessThan(48);
  expect(await faults(campaign)).toEqual([]);
});

test('two processes that publish at once give generations without a gap, each of which builds on the one before', async () => {
  const stores = [testStore(), testStore()] as const;
  const campaign = await sketchCampaign(stores[0], { situations: stages(1, 12_000), texts: 1 });
  const outcomes = { converged: 1, unconverged: 0, refused: 0, failed: 0, 'over-budget': 0, waiting: 0 };
  const seal = (page: number): PageSeal => ({ page, situations: 1, settings: 0, outcomes, nanoUsd: 1, calls: 1, files: [] });
  await Promise.all(Array.from({ length: 12 }, (_, page) => publish(stores[page % 2 === 0 ? 0 : 1], campaign, { count: 12, duplicates: 0 }, [seal(page)])));
  const manifests: Manifest[] = [];
  for (let g = 1; g <= 12; g++) manifests.push((await readManifest(stores[0], campaign.name, g)) as Manifest);
  expect(manifests.map(({ generation, pages }) => [generation, pages.length])).toEqual(Array.from({ length: 12 }, (_, i) => [i + 1, i + 1]));
  for (const [i, { pages }] of manifests.entries()) expect(pages).toEqual(expect.arrayContaining(manifests[i - 1]?.pages ?? []));
  expect(await readManifest(stores[1], campaign.name, 13)).toBeNull();
});
