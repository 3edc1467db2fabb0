import { beforeEach, describe, expect, test } from 'vitest';
import { findGarbage, NoSuchGeneration, removeGarbage, type Keep } from '../../../activities/datasets/garbage.ts';
import { sweeping } from '../../../activities/datasets/sweep.ts';
import { publishWhole } from '../../../activities/shards/publication.ts';
import { verify } from '../../../activities/shards/verify.ts';
import { storeSource } from '../../../activities/shards/verify-source.ts';
import { campaignKey, cardKey, datasetPrefix, manifestKey, sweepsPrefix } from '../../../schemas/keys.ts';
import type { Manifest, PageSeal } from '../../../schemas/manifest.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { publishCampaign, told, type Told } from './campaigns.ts';

const NAME = 'grown';
const HOUR_MS = 3_600_000;
const KEEP: Keep = { newest: 1, generations: [], ageMs: 0 };
let store: MemoryStore;

/** Five generations: a campaign of two pages is extended, and its last situation ends otherwise each time. */
async function grow(generations = 5): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for (let g = 0; g < generations; g++) {
    const all: Told[] = told(0, 5 + g).map((each) => (each.n === 4 + g ? { ...each, outcome: 'failed' } : each));
    manifests.push((await publishCampaign(store, NAME, all)).manifest);
  }
  return manifests;
}

beforeEach(() => {
  store = new MemoryStore();
});

const faults = async () => (await verify(storeSource(store, NAME))).faults;
const filesOf = (manifests: readonly Manifest[]) => new Set(manifests.flatMap(({ pages }) => pages.flatMap(({ files }) => files.map(({ key }) => `${datasetPrefix(NAME)}${key}`))));
const present = () => [...store.objects.keys()].filter((key) => /\/(data|situations|ledger)\//.test(key)).sort();

/** Sets back when everything was written. */
function age(ms: number): void {
  for (const key of store.objects.keys()) store.modified.set(key, Date.now() - ms);
}

describe('gc', () => {
  test('removes what no kept generation names, and the dataset still verifies', async () => {
    const manifests = await grow();
    const others = [...store.objects].filter(([key]) => !/\/(data|situations|ledger|manifest)\//.test(key));
    const removed = await removeGarbage(store, NAME, { ...KEEP, newest: 2 });
    expect(removed.kept).toEqual([{ generation: 4, why: 'newest' }, { generation: 5, why: 'newest' }]);
    expect(removed.manifests.map(({ generation }) => generation)).toEqual([1, 2, 3]);
    expect(removed.files.length).toBeGreaterThan(0);
    expect(present()).toEqual([...filesOf(manifests.slice(3))].sort());
    expect(await faults()).toEqual([]);
    // campaign.json, the card, and everything a campaign goes on from
    for (const [key, bytes] of others) expect(store.objects.get(key)).toBe(bytes);
    expect(store.objects.has(campaignKey(NAME)) && store.objects.has(cardKey(NAME))).toBe(true);
  });

  test('finds in a dry run exactly what it then removes, and changes nothing', async () => {
    await grow();
    const before = [...store.objects.keys()];
    const found = await findGarbage(store, NAME, KEEP, Date.now());
    expect([...store.objects.keys()]).toEqual(before);
    const removed = await removeGarbage(store, NAME, KEEP);
    const keys = ({ manifests, files }: typeof found) => [...manifests, ...files].map(({ key }) => key);
    expect(keys(removed)).toEqual(keys(found));
    expect(before.filter((key) => !store.objects.has(key)).sort()).toEqual(keys(found).sort());
  });

  test('keeps generations that are named, and those that a checkpoint was trained on', async () => {
    const manifests = await grow();
    const state = (run: string, step: string, generation: number, fingerprint = manifests[0]?.fingerprint) =>
      store.put(`checkpoints/${run}/${step}/state.json`, JSON.stringify({ run, step: Number(step), generation, fingerprint, schema: 1 }));
    await state('ours', '00000050', 1);
    await state('ours', '00000100', 1);
    await state('elsewhere', '00000050', 3, 'f'.repeat(64));
    await store.put('checkpoints/broken/00000001/state.json', '{}');
    const { kept, manifests: gone } = await removeGarbage(store, NAME, { ...KEEP, generations: [4] });
    expect(kept).toEqual([{ generation: 1, why: 'trained on', run: 'ours' }, { generation: 4, why: 'named' }, { generation: 5, why: 'newest' }]);
    expect(gone.map(({ generation }) => generation)).toEqual([2, 3]);
    expect(present()).toEqual([...filesOf([0, 3, 4].map((i) => manifests[i] as Manifest))].sort());
    expect(await faults()).toEqual([]);
  });

  test('leaves alone what is young: files that may yet be published, and generations that were the newest one not long ago', async () => {
    await grow();
    const leftover = `${datasetPrefix(NAME)}data/train-00000-0123456789ab.arrow`;
    age(30 * HOUR_MS);
    await store.put(leftover, 'of a page that is being sealed');
    store.modified.set(manifestKey(NAME, 5), Date.now() - 2 * HOUR_MS);
    const { kept, young } = await removeGarbage(store, NAME, { ...KEEP, ageMs: 24 * HOUR_MS });
    expect(kept).toEqual([{ generation: 4, why: 'young' }, { generation: 5, why: 'newest' }]);
    expect(young.map(({ key }) => key)).toEqual([leftover]);
    store.modified.set(leftover, Date.now() - 25 * HOUR_MS);
    expect((await removeGarbage(store, NAME, { ...KEEP, ageMs: 24 * HOUR_MS })).files.map(({ key }) => key)).toEqual([leftover]);
    expect(await faults()).toEqual([]);
  });

  test('removes manifests before the files that they name, so that no generation is ever half there', async () => {
    await grow();
    const remove = store.remove.bind(store);
    store.remove = async (keys) => {
      await remove(keys);
      // a fault would be a file that a manifest names and that is gone
      expect((await faults()).filter((fault) => fault.includes('is missing'))).toEqual([]);
    };
    expect((await removeGarbage(store, NAME, KEEP)).files.length).toBeGreaterThan(0);
  });

  test('killed between two requests, it goes on the next time', async () => {
    await grow();
    let asked = 0;
    const first = await removeGarbage(store, NAME, KEEP, () => ++asked > 1);
    expect([first.manifests.length, first.files.length]).toEqual([4, 0]);
    const second = await removeGarbage(store, NAME, KEEP);
    expect([second.manifests.length, second.files.length > 0]).toEqual([0, true]);
    expect(await faults()).toEqual([]);
    expect([...store.objects.keys()].filter((key) => key.startsWith(sweepsPrefix(NAME)))).toEqual([]);
  });

  test('refuses to keep a generation that is not there, and to judge by a manifest that it cannot read', async () => {
    await grow(2);
    await expect(findGarbage(store, NAME, { ...KEEP, generations: [9] }, Date.now())).rejects.toThrow(NoSuchGeneration);
    await store.put(manifestKey(NAME, 3), JSON.stringify({ schemaVersion: 99 }));
    await expect(removeGarbage(store, NAME, KEEP)).rejects.toThrow('schemaVersion is 99');
    expect(present().length).toBeGreaterThan(0);
  });
});

describe('a page published while garbage is removed', () => {
  /** A last generation that lacks the page which was sealed last, whose files are there as leftovers. */
  async function sealed() {
    const { campaign, manifest } = await publishCampaign(store, NAME, told(0, 8));
    const seal = manifest.pages[1] as PageSeal;
    const first = { ...manifest, pages: manifest.pages.slice(0, 1) };
    await store.put(manifestKey(NAME, 1), JSON.stringify(first));
    const kept = new Map(seal.files.map(({ key }) => [`${datasetPrefix(NAME)}${key}`, store.objects.get(`${datasetPrefix(NAME)}${key}`) as Uint8Array]));
    let again = 0;
    const sealAgain = async (each: PageSeal) => {
      again += 1;
      for (const [key, bytes] of kept) await store.putIfAbsent(key, bytes);
      return { ...each };
    };
    return { kept: [...kept.keys()], again: () => again, publish: () => publishWhole(store, campaign, campaign.listing, [seal], sealAgain) };
  }

  test('is sealed again where its files have been taken for leftovers', async () => {
    const { publish, again } = await sealed();
    expect((await removeGarbage(store, NAME, KEEP)).files.length).toBeGreaterThan(0);
    expect(await publish()).toMatchObject({ generation: 2 });
    expect(again()).toBe(1);
    expect(await faults()).toEqual([]);
  });

  /** Resolves when the publisher looks for sweeps the next time. */
  function looks(): Promise<void> {
    const list = store.list.bind(store);
    return new Promise((resolve) => {
      store.list = (prefix, after) => {
        if (prefix === sweepsPrefix(NAME)) {
          store.list = list;
          resolve();
        }
        return list(prefix, after);
      };
    });
  }

  test('waits for a sweep that has begun, which may take its files', async () => {
    const { publish, again, kept } = await sealed();
    let publishing: Promise<unknown> = Promise.resolve();
    await sweeping(store, NAME, async () => {
      const first = looks();
      publishing = publish();
      await first;
      await looks();
      await store.remove(kept);
      expect(store.objects.has(manifestKey(NAME, 2))).toBe(false);
    });
    await publishing;
    expect(again()).toBe(1);
    expect(await faults()).toEqual([]);
  });

  test('is whole in the end where the sweep reads the manifests before it stands, and takes its files after', async () => {
    const { publish, again, kept } = await sealed();
    const put = store.putIfAbsent.bind(store);
    let sweep: Promise<void> | undefined;
    store.putIfAbsent = async (key, body) => {
      if (key !== manifestKey(NAME, 2)) return await put(key, body);
      // the sweep's marker stands, and it has read the manifests: now this one is put, and files go once the publisher has looked
      await new Promise<void>((marked) => {
        sweep = sweeping(store, NAME, async () => {
          const looked = looks();
          marked();
          await looked;
          await store.remove(kept);
        });
      });
      return await put(key, body);
    };
    await publish();
    await sweep;
    expect(again()).toBe(1);
    expect(await faults()).toEqual([]);
  });

  test('does not wait for what a killed sweep has left', async () => {
    const { publish } = await sealed();
    const marker = `${sweepsPrefix(NAME)}killed.json`;
    await store.put(marker, '{}');
    store.modified.set(marker, Date.now() - HOUR_MS);
    expect(await publish()).toMatchObject({ generation: 2 });
  });
});
