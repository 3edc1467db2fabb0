import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { COLUMN_NOTES } from '../../../activities/shards/column-notes.ts';
import { publish, readManifest } from '../../../activities/shards/manifest.ts';
import { cardKey, manifestKey } from '../../../schemas/keys.ts';
import type { PageSeal } from '../../../schemas/manifest.ts';
import { DataRow } from '../../../schemas/rows.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { campaignRecord, NAME, publishedDataset } from './dataset.ts';

const LISTING = { count: 10, duplicates: 2 };
const campaign = await campaignRecord();

function seal(page: number, changes: Partial<PageSeal> = {}): PageSeal {
  const outcomes = { converged: 3, unconverged: 1, refused: 0, failed: 0, 'over-budget': 0, waiting: 0 };
  return { page, situations: 4, settings: 0, outcomes, nanoUsd: 100, calls: 7, files: [], ...changes };
}

const card = (store: MemoryStore) => new TextDecoder().decode(store.objects.get(cardKey(NAME)));

describe('publish', () => {
  it('counts the situations of pages that are not sealed as waiting', async () => {
    const { manifest } = await publish(new MemoryStore(), campaign, LISTING, [seal(1)]);
    expect(manifest).toMatchObject({ generation: 1, planned: 10, duplicates: 2, nanoUsd: 100, calls: 7, simulated: 'abc', model: 'sim-1' });
    expect(manifest.outcomes).toEqual({ converged: 3, unconverged: 1, refused: 0, failed: 0, 'over-budget': 0, waiting: 6 });
  });

  it('builds each generation on the last, a page sealed again in the old one\'s place', async () => {
    const store = new MemoryStore();
    await publish(store, campaign, LISTING, [seal(1), seal(0)]);
    const again = seal(1, { settings: 1, nanoUsd: 900 });
    const { generation, manifest } = await publish(store, campaign, LISTING, [again, seal(2, { situations: 2, outcomes: { ...seal(2).outcomes, converged: 1 } })]);
    expect(generation).toBe(2);
    expect(manifest.pages.map(({ page, nanoUsd }) => [page, nanoUsd])).toEqual([[0, 100], [1, 900], [2, 100]]);
    expect(manifest.outcomes.waiting).toBe(0);
    expect((await readManifest(store, NAME, 1))?.pages[1]?.nanoUsd).toBe(100);
    expect(await readManifest(store, NAME)).toEqual(manifest);
  });

  it('publishes nothing new where nothing changed', async () => {
    const store = new MemoryStore();
    const first = await publish(store, campaign, LISTING, [seal(0)]);
    expect(await publish(store, campaign, LISTING, [seal(0)])).toEqual(first);
    expect(await readManifest(store, NAME, 2)).toBeNull();
  });

  it('does not let a late repetition bring an old seal back', async () => {
    const store = new MemoryStore();
    await publish(store, campaign, LISTING, [seal(0, { settings: 2 })]);
    const { generation, manifest } = await publish(store, campaign, LISTING, [seal(0, { settings: 1, nanoUsd: 5 })]);
    expect([generation, manifest.nanoUsd]).toEqual([1, 100]);
  });

  it('loses no page when publishers race', async () => {
    const store = new MemoryStore();
    await Promise.all([0, 1, 2, 3].map((page) => publish(store, campaign, { count: 16, duplicates: 0 }, [seal(page)])));
    const last = await readManifest(store, NAME);
    expect(last?.pages.map(({ page }) => page)).toEqual([0, 1, 2, 3]);
    expect(last?.generation).toBe(4);
    expect(card(store)).toContain('Generation 4 ');
  });

  it('writes a lost card again', async () => {
    const store = new MemoryStore();
    await publish(store, campaign, LISTING, [seal(0)]);
    const written = card(store);
    store.objects.delete(cardKey(NAME));
    await publish(store, campaign, LISTING, [seal(0)]);
    expect(card(store)).toBe(written);
  });
});

describe('readManifest', () => {
  it('gives null where there is none', async () => {
    expect(await readManifest(new MemoryStore(), NAME)).toBeNull();
    expect(await readManifest(new MemoryStore(), NAME, 3)).toBeNull();
  });

  it.each([
    ['not json', 'manifest/000001.json: is not JSON'],
    ['{"schemaVersion":2}', 'schemaVersion is 2, and this program reads up to 1: update it'],
    ['{"schemaVersion":1,"campaign":7}', 'manifest/000001.json: campaign: '],
  ])('refuses %s', async (text, message) => {
    const store = new MemoryStore();
    await store.put(manifestKey(NAME, 1), text);
    await expect(readManifest(store, NAME)).rejects.toThrow(message);
  });
});

describe('the dataset card', () => {
  it('lists the files of each split by name', async () => {
    const { store, manifest } = await publishedDataset();
    const front = parse(card(store).split('---')[1] as string) as { configs: { config_name: string; data_files: { split: string; path: string[] }[] }[]; tags: string[] };
    const files = manifest.pages.flatMap((page) => page.files);
    for (const [name, kind] of [['plans', 'data'], ['situations', 'situations']] as const) {
      const listed = front.configs.find((config) => config.config_name === name)?.data_files ?? [];
      expect(listed.flatMap(({ split, path }) => path.map((key) => `${split} ${key}`)).sort()).toEqual(
        files.filter((file) => file.kind === kind).map((file) => `${file.split} ${file.key}`).sort(),
      );
    }
    expect(front.tags).toContain('simulated');
  });

  it('says that the model was simulated only where it was', async () => {
    const [simulated, real] = [new MemoryStore(), new MemoryStore()];
    await publish(simulated, campaign, LISTING, [seal(0)]);
    await publish(real, await campaignRecord({ simulated: null, provider: 'origin:https://example.org' }), LISTING, [seal(0)]);
    expect(card(simulated)).toContain('**SIMULATED.**');
    expect(card(simulated)).toContain('`abc`');
    expect(card(real).toLowerCase()).not.toContain('simulated model');
    expect(card(real)).not.toContain('SIMULATED');
  });

  it('explains every column, counts outcomes and names the licences of the texts', async () => {
    const { store } = await publishedDataset();
    expect(Object.keys(COLUMN_NOTES)).toEqual(Object.keys(DataRow.shape));
    expect(card(store)).toContain('| converged | 3 |');
    expect(card(store)).toContain('| planned | 7 |');
    expect(card(store)).toContain('| Ethics | CC0-1.0 |');
  });
});
