import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { merge, type MergeRequest } from '../../../activities/datasets/merge.ts';
import { parseSource } from '../../../activities/datasets/sources.ts';
import { readManifest } from '../../../activities/shards/manifest.ts';
import { pull } from '../../../activities/shards/pull.ts';
import { splitOf } from '../../../activities/shards/splits.ts';
import { verify } from '../../../activities/shards/verify.ts';
import { folderSource, storeSource } from '../../../activities/shards/verify-source.ts';
import { readArrow } from '../../../infra/arrow/reader.ts';
import { sha256Hex } from '../../../schemas/canonical.ts';
import { campaignKey, cardKey, datasetPrefix, imaginedKey } from '../../../schemas/keys.ts';
import type { Manifest } from '../../../schemas/manifest.ts';
import type { DataRow, SituationRow } from '../../../schemas/rows.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { AGENT } from '../../harness/campaigns.ts';
import { situation } from '../shards/dataset.ts';
import { publishCampaign, told } from './campaigns.ts';

const INTO = 'both';
let store: MemoryStore;

beforeEach(() => {
  store = new MemoryStore();
});

const mergeThese = (names: string, more: Partial<MergeRequest> = {}) => merge(store, { into: INTO, sources: names.split(' ').map(parseSource), ...more });

async function rowsOf<Row>({ campaign, pages }: Manifest, kind: 'data' | 'situations'): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { key } of pages.flatMap(({ files }) => files).filter((file) => file.kind === kind)) rows.push(...(await readArrow<Row>(store.objects.get(`${datasetPrefix(campaign)}${key}`) as Uint8Array)));
  return rows;
}

const faults = async (name = INTO) => (await verify(storeSource(store, name))).faults;

/** Every file of a dataset: key -> sha256. */
const bytesOf = (name: string) => Object.fromEntries([...store.objects].filter(([key]) => /\/(data|situations)\//.test(key) && key.startsWith(datasetPrefix(name))).map(([key, bytes]) => [key, sha256Hex(bytes)]));

describe('a merge', () => {
  test('holds each ended situation once, numbered anew, in files of its own that verify', async () => {
    await publishCampaign(store, 'one', told(0, 5));
    await publishCampaign(store, 'two', [{ n: 10, outcome: 'refused' }, { n: 11 }, { n: 12, outcome: 'failed' }]);
    const { manifest } = await mergeThese('one two');
    expect(manifest).toMatchObject({ generation: 1, planned: 8, duplicates: 0, outcomes: { converged: 6, refused: 1, failed: 1, waiting: 0 } });
    const situations = await rowsOf<SituationRow>(manifest, 'situations');
    expect(situations.map((row) => row.situation_index).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(new Set(situations.map((row) => row.situation_id))).toEqual(new Set([0, 1, 2, 3, 4, 10, 11, 12].map((n) => situation(n).id)));
    const versions = await rowsOf<DataRow>(manifest, 'data');
    expect(versions.filter((row) => row.campaign === 'one').map((row) => row.situation_index).sort((a, b) => a - b)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    expect(versions.filter((row) => row.campaign === 'two').map((row) => row.situation_index).sort((a, b) => a - b)).toEqual([5, 6, 6, 7]);
    expect(await faults()).toEqual([]);
    // what is left of the sources does not matter
    for (const key of [...store.objects.keys()]) if (!key.startsWith(datasetPrefix(INTO))) store.objects.delete(key);
    expect(await faults()).toEqual([]);
  });

  test('says what each source was, and counts no money again', async () => {
    const one = await publishCampaign(store, 'one', told(0, 2));
    const two = await publishCampaign(store, 'two', told(4, 6), { simulated: 'other-law' });
    const { manifest } = await mergeThese('one two@1');
    expect([one.manifest.nanoUsd, two.manifest.nanoUsd]).toEqual([4_000, 4_000]);
    expect([manifest.nanoUsd, manifest.calls]).toEqual([0, 0]);
    expect(manifest.pages.flatMap(({ files }) => files).filter(({ kind }) => kind === 'ledger')).toEqual([]);
    expect(manifest.simulated).toBe('abc+other-law');
    expect(manifest.merged?.sources).toEqual([
      { campaign: 'one', generation: 1, pinned: false, fingerprint: one.campaign.fingerprint, simulated: 'abc', model: 'sim-1', nanoUsd: 4_000, calls: 4, tolerance: 0.05, from: 0, to: 2, dropped: 0, moved: 0 },
      { campaign: 'two', generation: 1, pinned: true, fingerprint: two.campaign.fingerprint, simulated: 'other-law', model: 'sim-1', nanoUsd: 4_000, calls: 4, tolerance: 0.05, from: 2, to: 4, dropped: 0, moved: 0 },
    ]);
    const card = new TextDecoder().decode(store.objects.get(cardKey(INTO)));
    expect(card).toContain('**SIMULATED.**');
    expect(card).toContain('| one, generation 1 | sim-1 | law `abc` | 0 to 1 | 0 | 0 | 4 calls, $0.0000 |');
    expect(card).toContain('| Ethics | CC0-1.0 |');
  });

  test('of a situation that several have keeps the converged row, then that of the source named first', async () => {
    await publishCampaign(store, 'one', [{ n: 0 }, { n: 1, outcome: 'failed' }, { n: 2, outcome: 'unconverged' }, { n: 3 }]);
    await publishCampaign(store, 'two', [{ n: 0 }, { n: 1 }, { n: 2, outcome: 'refused' }, { n: 9 }]);
    const { manifest } = await mergeThese('one two');
    const versions = await rowsOf<DataRow>(manifest, 'data');
    const from = (n: number) => new Set(versions.filter((row) => row.situation_id === situation(n).id).map((row) => row.campaign));
    expect([0, 1, 2, 3, 9].map(from)).toEqual(['one', 'two', 'one', 'one', 'two'].map((name) => new Set([name])));
    expect(manifest.duplicates).toBe(3);
    expect(manifest.merged?.sources.map(({ dropped }) => dropped)).toEqual([1, 2]);
    expect(await faults()).toEqual([]);
  });

  test('gives equal bytes for equal sources in equal order, in any store', async () => {
    const build = async () => {
      store = new MemoryStore();
      await publishCampaign(store, 'one', told(0, 6));
      await publishCampaign(store, 'two', told(4, 9));
      await mergeThese('one two');
      return bytesOf(INTO);
    };
    const first = await build();
    expect(Object.keys(first).length).toBeGreaterThan(2);
    expect(await build()).toEqual(first);
  });

  test('is the next generation where a source has grown, and none where nothing has; what is pinned stays', async () => {
    await publishCampaign(store, 'one', told(0, 3));
    await publishCampaign(store, 'two', told(10, 12));
    await mergeThese('one two@1');
    const before = { manifest: await readManifest(store, INTO, 1), bytes: bytesOf(INTO) };
    expect(await mergeThese('one two@1')).toMatchObject({ unchanged: true, manifest: { generation: 1 } });
    await publishCampaign(store, 'one', told(0, 5));
    await publishCampaign(store, 'two', told(10, 14));
    const { manifest, unchanged } = await mergeThese('one two@1');
    expect([manifest.generation, unchanged, manifest.planned]).toEqual([2, false, 7]);
    expect(manifest.merged?.sources.map(({ generation, from, to }) => [generation, from, to])).toEqual([[2, 0, 5], [1, 5, 7]]);
    expect(await readManifest(store, INTO, 1)).toEqual(before.manifest);
    expect(bytesOf(INTO)).toMatchObject(before.bytes);
    expect(await faults()).toEqual([]);
  });

  test('of two at once both come to the same generation', async () => {
    await publishCampaign(store, 'one', told(0, 3));
    await publishCampaign(store, 'two', told(10, 12));
    const [a, b] = await Promise.all([mergeThese('one two'), mergeThese('one two')]);
    expect(a.manifest).toEqual(b.manifest);
    expect(await readManifest(store, INTO, 2)).toBeNull();
  });

  test('is pulled and verified like any dataset, without a campaign.json', async () => {
    await publishCampaign(store, 'one', told(0, 3));
    await publishCampaign(store, 'two', told(2, 6));
    await mergeThese('one two');
    const folder = join(mkdtempSync(join(tmpdir(), 'merged-')), 'copy');
    expect(await pull(store, INTO, folder)).toMatchObject({ generation: 1, kept: 0 });
    expect((await verify(folderSource(folder))).faults).toEqual([]);
    expect(await pull(store, INTO, folder)).toMatchObject({ bytes: 0 });
  });

  test('verify finds a row that names another campaign than its index belongs to', async () => {
    await publishCampaign(store, 'one', told(0, 3));
    await publishCampaign(store, 'two', told(10, 12));
    const { manifest } = await mergeThese('one two');
    const sources = manifest.merged?.sources.map((source, i) => ({ ...source, to: source.to + (i === 0 ? 1 : 0), from: source.from + i }));
    store.objects.set(`${datasetPrefix(INTO)}manifest/000001.json`, Buffer.from(JSON.stringify({ ...manifest, merged: { ...manifest.merged, sources } })));
    expect(await faults()).toContainEqual(expect.stringMatching(/campaign is two, it must be one$/));
  });
});

describe('families', () => {
  const [mine, theirs] = [{ splits: { train: 0.5, validation: 0.25, test: 0.25 }, seed: 26 }, { splits: { train: 0.5, validation: 0.25, test: 0.25 }, seed: 27 }];

  test('that different seeds would tear apart stand in one split, by the source that was chosen', async () => {
    await publishCampaign(store, 'one', told(0, 8), {}, mine);
    // each expands an action of one of those
    await publishCampaign(store, 'two', told(0, 8).map(({ n }) => ({ n: 100 + n, parent: situation(n) })), {}, theirs);
    await expect(mergeThese('one two')).rejects.toThrow(
      'NAME: "one" is split 0.5/0.25/0.25 by seed 26, "two" 0.5/0.25/0.25 by seed 27, and families would straddle splits: --split-like one splits all as that one is',
    );
    const { manifest } = await mergeThese('one two', { splitLike: 'two' });
    const rows = await rowsOf<SituationRow>(manifest, 'situations');
    for (const { root_id, split } of rows) expect(split).toBe(splitOf(root_id, theirs.splits, theirs.seed));
    const moved = told(0, 8).filter(({ n }) => splitOf(situation(n).id, mine.splits, 26) !== splitOf(situation(n).id, theirs.splits, 27)).length;
    expect(moved).toBeGreaterThan(0);
    expect(manifest.merged?.sources.map((source) => source.moved)).toEqual([moved, 0]);
    expect(await faults()).toEqual([]);
  });

  test('stay where they are where all sources are split alike', async () => {
    await publishCampaign(store, 'one', told(0, 8), {}, mine);
    await publishCampaign(store, 'two', told(0, 8).map(({ n }) => ({ n: 100 + n, parent: situation(n) })), {}, mine);
    const { manifest } = await mergeThese('one two');
    expect(manifest.merged?.sources.map((source) => source.moved)).toEqual([0, 0]);
    expect(await faults()).toEqual([]);
  });
});

describe('a merge is refused in one line', () => {
  beforeEach(async () => {
    await publishCampaign(store, 'one', told(0, 2));
    await publishCampaign(store, 'two', told(4, 6));
    await publishCampaign(store, 'real', told(8, 10), { simulated: null, provider: 'origin:https://example.org' });
  });

  test.each<[string, string, Partial<MergeRequest>, RegExp]>([
    ['of a campaign that is not there', 'one none', {}, /^NAME: there is no campaign "none" in memory; /],
    ['of a generation that is not there', 'one@7 two', {}, /^NAME: campaign "one" has no generation 7; it has 1$/],
    ['of one campaign twice', 'one two one@1', {}, /^NAME: "one" is named twice: /],
    ['of simulated and real plans', 'one real', {}, /^NAME: the plans of "one" are simulated, those of the others are not: --mix-simulated /],
    ['into a campaign', 'one two', { into: 'real' }, /^--into: "real" is a campaign; choose another name$/],
    ['into what was imagined for a campaign', 'one two', { into: 'dreamt' }, /^--into: "dreamt" is a campaign; /],
    ['split like a stranger', 'one two', { splitLike: 'real' }, /^--split-like: "real" is not merged; allowed: one, two$/],
  ])('%s', async (_, names, more, message) => {
    store.objects.set(imaginedKey('dreamt'), Buffer.from('{}'));
    await expect(mergeThese(names, more)).rejects.toThrow(message);
    expect(await readManifest(store, INTO)).toBeNull();
  });

  test('as another one under a name that is taken', async () => {
    await mergeThese('one two');
    const taken = '--into: "both" was merged from one two: name these again, in this order; choose another name';
    await expect(mergeThese('two one')).rejects.toThrow(taken);
    await expect(mergeThese('one two@1')).rejects.toThrow(taken);
    await publishCampaign(store, 'one', told(0, 2), { fingerprint: sha256Hex('begun anew') });
    await expect(mergeThese('one two')).rejects.toThrow('--into: campaign "one" is another one than "both" was merged from');
    await expect(merge(store, { into: 'more', sources: [parseSource('both'), parseSource('two')] })).rejects.toThrow('NAME: "both" is merged itself: name its sources, one two');
  });

  test('of agents that share no more than the name', async () => {
    await publishCampaign(store, 'one', told(0, 2), { agents: { tester: AGENT } });
    await publishCampaign(store, 'two', told(4, 6), { agents: { tester: { ...AGENT, duties: ['harm everyone'] } } });
    await expect(mergeThese('one two')).rejects.toThrow('NAME: the agent "tester" of "one" is not that of "two": rows name agents, and could not be told apart');
    await publishCampaign(store, 'two', told(4, 6), { agents: { tester: AGENT } });
    expect((await mergeThese('one two')).manifest.merged?.agents).toEqual({ tester: AGENT });
  });

  test('but simulated and real plans are merged where that is asked for, and labelled', async () => {
    const { manifest } = await mergeThese('one real', { mixSimulated: true });
    expect(manifest.simulated).toBe('abc');
    expect(new TextDecoder().decode(store.objects.get(cardKey(INTO)))).toContain('**PARTLY SIMULATED.** A simulated model wrote the plans of all sources but real');
    expect(store.objects.has(campaignKey(INTO))).toBe(false);
  });
});
