import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Dataset } from '../../../activities/curation/dataset.ts';
import { readStatistics } from '../../../activities/curation/statistics.ts';
import { merge } from '../../../activities/datasets/merge.ts';
import { parseSource } from '../../../activities/datasets/sources.ts';
import { exportDataset } from '../../../activities/exports/export.ts';
import { completeOptions } from '../../../activities/exports/options.ts';
import { storeSource } from '../../../activities/shards/verify-source.ts';
import { readArrow } from '../../../infra/arrow/reader.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { AGENT } from '../../harness/campaigns.ts';
import { publishCampaign, told } from '../datasets/campaigns.ts';

const INTO = 'both';
let store: MemoryStore;
let out: string;

beforeEach(async () => {
  store = new MemoryStore();
  out = await mkdtemp(join(tmpdir(), 'exemplar-merged-'));
  const agents = { rover: { ...AGENT, name: 'rover' } };
  await publishCampaign(store, 'one', told(0, 5), { agents });
  await publishCampaign(store, 'two', told(10, 13), { agents });
  await merge(store, { into: INTO, sources: ['one', 'two'].map(parseSource) });
});
afterEach(() => rm(out, { recursive: true }));

test('a merged dataset is exported as any other, with the agents of its sources in the prompts', async () => {
  const exported = await exportDataset({ source: storeSource(store, INTO), name: INTO, folder: out, options: completeOptions({ view: 'preference' }) });
  expect(exported).toMatchObject({ campaign: INTO, situations: { total: 8, kept: 8 }, rows: { kept: 8 } });
  const rows = (await Promise.all(exported.files.map(async ({ path }) => readArrow(await readFile(join(out, path)))))).flat();
  expect(rows.map((row) => row['campaign']).sort()).toEqual(['one', 'one', 'one', 'one', 'one', 'two', 'two', 'two']);
  for (const row of rows) expect(row['prompt']).toContain(AGENT.description);
});

test('the statistics of a merged dataset are those of its sources together', async () => {
  const of = async (name: string) => (await readStatistics(await Dataset.open(storeSource(store, name), name))).statistics;
  const [one, two, both] = await Promise.all(['one', 'two', INTO].map(of)) as [Awaited<ReturnType<typeof of>>, Awaited<ReturnType<typeof of>>, Awaited<ReturnType<typeof of>>];
  expect(both.versions.rows).toBe(one.versions.rows + two.versions.rows);
  expect(Object.fromEntries(both.versions.labels)).toEqual({ positive: 8, negative: 8 });
});
