import { expect, test } from 'vitest';
import { CampaignReader } from '../../../activities/campaign-reader.ts';
import { publish } from '../../../activities/shards/manifest.ts';
import { readStored, readUnfortunate } from '../../../cli/campaign/stored.ts';
import { addSetting, readCampaign } from '../../../infra/campaign-records.ts';
import { canonicalJson } from '../../../schemas/canonical.ts';
import { outcomeKey } from '../../../schemas/keys.ts';
import type { PageSeal } from '../../../schemas/manifest.ts';
import type { CampaignRecord, Outcome, OutcomeRecord } from '../../../schemas/records.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { situation, sketchCampaign } from '../../harness/campaigns.ts';

async function put(store: MemoryStore, { name }: CampaignRecord, index: number, outcome: Outcome, attempt = 0): Promise<void> {
  const record: OutcomeRecord = {
    schema: 1, index, try: attempt, situation: '0'.repeat(64), outcome, reason: 'as the test wants', failedAt: null, log: null, final: null,
    stance: null, alternatives: [], passes: 1, reopened: 0, calls: 3, nanoUsd: 1_000,
  };
  await store.putIfAbsent(outcomeKey(name, index, attempt), canonicalJson(record));
}

function seal(page: number, outcomes: Partial<PageSeal['outcomes']>, settings = 0): PageSeal {
  const none = { converged: 0, unconverged: 0, refused: 0, failed: 0, 'over-budget': 0, waiting: 0 };
  return { page, situations: 2, settings, outcomes: { ...none, ...outcomes }, nanoUsd: 2_000, calls: 6, files: [] };
}

/** Five situations in pages of two; page 0 is sealed with a failure. */
async function started() {
  const store = new MemoryStore();
  const campaign = await sketchCampaign(store, { situations: [0, 1, 2, 3, 4].map((n) => situation(n)), file: { pageSize: 2 } });
  await put(store, campaign, 0, 'converged');
  await put(store, campaign, 1, 'failed');
  await publish(store, campaign, { count: 5, duplicates: 0 }, [seal(0, { converged: 1, failed: 1 })]);
  await put(store, campaign, 2, 'over-budget');
  return { store, campaign, reader: new CampaignReader(store) };
}

test('a campaign is summed from its manifest and from the outcomes of pages that are not sealed', async () => {
  const { reader, campaign } = await started();
  const stored = await readStored(reader, campaign);
  expect(stored.outcomes).toEqual({ converged: 1, unconverged: 0, refused: 0, failed: 1, 'over-budget': 1 });
  expect(stored).toMatchObject({ calls: 9, nanoUsd: 3_000, complete: false });
});

test('failed and over-budget situations are found in sealed pages and in open ones', async () => {
  const { reader, campaign } = await started();
  const unfortunate = await readUnfortunate(reader, await readStored(reader, campaign));
  expect(unfortunate.map(({ index, outcome }) => [index, outcome])).toEqual([[1, 'failed'], [2, 'over-budget']]);
});

test('a retried situation counts by its new try alone, and its earlier cost stays', async () => {
  const { store, reader, campaign } = await started();
  await addSetting(store, campaign.name, { retry: { '1': 1 } });
  expect((await readStored(reader, campaign)).outcomes).toMatchObject({ converged: 1, failed: 0 });
  expect(await readUnfortunate(reader, await readStored(reader, campaign))).toHaveLength(1);
  await put(store, campaign, 1, 'converged', 1);
  const stored = await readStored(reader, campaign);
  expect(stored.outcomes).toMatchObject({ converged: 2, failed: 0 });
  // page 0 is open again: three outcomes of it and one of page 1, at three calls each
  expect(stored.calls).toBe(12);
});

test('a campaign is complete once every page is sealed whole', async () => {
  const { store, reader, campaign } = await started();
  await publish(store, campaign, { count: 5, duplicates: 0 }, [seal(1, { converged: 2 }), { ...seal(2, { converged: 1 }), situations: 1 }]);
  expect((await readStored(reader, (await readCampaign(store, campaign.name)) as CampaignRecord)).complete).toBe(true);
});
