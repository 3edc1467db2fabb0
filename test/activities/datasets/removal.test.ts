import { expect, test } from 'vitest';
import { close, DELETED, draw, readBudget, retire, setCap } from '../../../activities/budget.ts';
import { CampaignReader } from '../../../activities/campaign-reader.ts';
import { callOff, holdings, markDeleting, removeDataset } from '../../../activities/datasets/removal.ts';
import { readManifest } from '../../../activities/shards/manifest.ts';
import { verify } from '../../../activities/shards/verify.ts';
import { storeSource } from '../../../activities/shards/verify-source.ts';
import { campaignKey, datasetPrefix, deletingKey, objectKey } from '../../../schemas/keys.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { situation, sketchCampaign } from '../../harness/campaigns.ts';
import { publishCampaign, told } from './campaigns.ts';

const NAME = 'old';
const under = (store: MemoryStore, prefix: string) => [...store.objects.keys()].filter((key) => key.startsWith(prefix));

test('a removal takes all that is under the name, and nothing else', async () => {
  const store = new MemoryStore();
  await publishCampaign(store, NAME, told(0, 5));
  await publishCampaign(store, `${NAME}-2`, told(0, 5));
  for (const key of ['settings/000001.json', 'grants/0000000.0.0.json', 'outcomes/0000000.0.json']) await store.put(`${datasetPrefix(NAME)}${key}`, '{}');
  await store.put('responses/ab/abc/0.0.json', '{}');
  const others = [...store.objects].filter(([key]) => !key.startsWith(datasetPrefix(NAME)));
  expect(others.some(([key]) => key.startsWith(objectKey('')))).toBe(true);
  const own = under(store, datasetPrefix(NAME)).length;
  expect(await holdings(store, NAME)).toMatchObject({ generations: 1 });
  await markDeleting(store, NAME);
  expect(await removeDataset(store, NAME, { forgetMs: 0 })).toMatchObject({ objects: own });
  expect(under(store, datasetPrefix(NAME))).toEqual([]);
  expect([...store.objects]).toEqual(others);
});

test('killed after any request, it leaves no generation that is not whole, and goes on', async () => {
  const story = async () => {
    const store = new MemoryStore();
    await publishCampaign(store, NAME, told(0, 5));
    await publishCampaign(store, NAME, told(0, 7));
    await markDeleting(store, NAME);
    return store;
  };
  for (let requests = 0; ; requests++) {
    const store = await story();
    const remove = store.remove.bind(store);
    let left = requests;
    store.remove = async (keys) => {
      if (left === 0) throw new Error('killed');
      left -= 1;
      await remove(keys);
    };
    const killed = await removeDataset(store, NAME, { forgetMs: 0 }).then(() => false, () => true);
    store.remove = remove;
    // the mark is the last to go
    expect(store.objects.has(deletingKey(NAME))).toBe(killed);
    if ((await readManifest(store, NAME)) !== null) expect((await verify(storeSource(store, NAME))).faults).toEqual([]);
    await removeDataset(store, NAME, { forgetMs: 0 });
    expect(under(store, datasetPrefix(NAME))).toEqual([]);
    if (!killed) break;
    expect(requests).toBeLessThan(20);
  }
});

test('a name that is being deleted takes no campaign, until the deletion is over or called off', async () => {
  const store = new MemoryStore();
  const open = () => sketchCampaign(store, { situations: [situation(1)], file: { name: NAME } });
  await open();
  await markDeleting(store, NAME);
  await expect(open()).rejects.toThrow(`name: "${NAME}" is being deleted: \`exemplar delete ${NAME}\` goes on, and then the name is free`);
  await callOff(store, NAME);
  expect((await open()).name).toBe(NAME);
  await markDeleting(store, NAME);
  await removeDataset(store, NAME, { forgetMs: 0 });
  const fresh = await sketchCampaign(store, { situations: [situation(2)], file: { name: NAME, seed: 7 } });
  expect(fresh.file.seed).toBe(7);
});

test('a campaign is not begun under the name of a merged dataset', async () => {
  const store = new MemoryStore();
  await store.put(`${datasetPrefix(NAME)}manifest/000001.json`, JSON.stringify(await mergedManifest()));
  await expect(sketchCampaign(store, { situations: [situation(1)], file: { name: NAME } })).rejects.toThrow(`name: "${NAME}" is a merged dataset; choose another name, such as ${NAME}-2`);
  expect(store.objects.has(campaignKey(NAME))).toBe(false);
});

async function mergedManifest(): Promise<object> {
  const store = new MemoryStore();
  const { merge } = await import('../../../activities/datasets/merge.ts');
  await publishCampaign(store, 'one', told(0, 2));
  return (await merge(store, { into: NAME, sources: [{ campaign: 'one', generation: null }] })).manifest;
}

test('a process that has read the record of a deleted campaign takes up that of a later one of the name', async () => {
  const store = new MemoryStore();
  const reader = new CampaignReader(store);
  const first = await sketchCampaign(store, { situations: [situation(1)], file: { name: NAME } });
  const before = await reader.campaign(NAME);
  expect(before.fingerprint).toBe(first.fingerprint);
  await markDeleting(store, NAME);
  await removeDataset(store, NAME);
  const second = await sketchCampaign(store, { situations: [situation(2)], file: { name: NAME } });
  expect(second.fingerprint).not.toBe(first.fingerprint);
  const after = await reader.campaign(NAME);
  expect(after.fingerprint).toBe(second.fingerprint);
  // while it is the same, so is the object: prompts made from it are kept by it
  expect(await reader.campaign(NAME)).toBe(after);
});

test('what a deleted campaign has spent stays in the table, and a later one of the name cannot spend it again', async () => {
  const store = new MemoryStore();
  await setCap(store, 1_000);
  await draw(store, NAME, { promised: 0, least: 600, most: 600 });
  await close(store, `${NAME}/explain`, 50);
  await draw(store, `${NAME}-2`, { promised: 0, least: 100, most: 100 });
  await retire(store, NAME, 400);
  await retire(store, NAME, 0);
  expect((await readBudget(store)).holds).toEqual({ [DELETED]: { nanoUsd: 450, state: 'closed' }, [`${NAME}-2`]: { nanoUsd: 100, state: 'open' } });
  // 1,000 less 450 and 100
  expect(await draw(store, NAME, { promised: 0, least: 1, most: 900 })).toMatchObject({ hold: 450 });
});
