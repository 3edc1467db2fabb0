import { expect, test } from 'vitest';
import { CampaignReader } from '../../activities/campaign-reader.ts';
import { failedTooMany } from '../../activities/failed-share.ts';
import { publish } from '../../activities/shards/manifest.ts';
import type { Listed } from '../../activities/store.ts';
import { stopFailing } from '../../activities/stop-failing.ts';
import { addSetting, readSettings } from '../../infra/campaign-records.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import { outcomeKey } from '../../schemas/keys.ts';
import type { Outcome, OutcomeRecord, SettingRecord } from '../../schemas/records.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { situation, sketchCampaign } from '../harness/campaigns.ts';

test.each([
  [2, 9, false],
  [3, 9, false],
  // 20 % is allowed, and what is above it is not
  [2, 10, false],
  [3, 10, true],
  [4, 20, false],
  [5, 20, true],
  [200_000, 1_000_000, false],
  [200_001, 1_000_000, true],
])('%i of %i failed, where 20 %% of at least 10 may: too many is %s', (failed, ended, too) => {
  expect(failedTooMany({ failed, ended }, { failedShare: 0.2, minSample: 10 })).toBe(too);
});

const LETTERS: Record<string, Outcome> = { c: 'converged', u: 'unconverged', r: 'refused', f: 'failed', o: 'over-budget' };

/** A campaign of ten situations in pages of four, of which those with a letter have ended. */
async function campaignOf(letters: string, { sealed = 0, settings = [] as Omit<SettingRecord, 'schema' | 'n'>[] } = {}) {
  const store = new MemoryStore();
  const file = { pageSize: 4, stopAfter: { failedShare: 0.25, minSample: 4 } };
  const campaign = await sketchCampaign(store, { situations: Array.from({ length: 10 }, (_, n) => situation(n)), file });
  const put = async (index: number, outcome: Outcome, attempt = 0, failure = 'Model.BadRequest: no') => {
    const record: OutcomeRecord = {
      schema: 1, index, try: attempt, situation: '0'.repeat(64), outcome, reason: outcome === 'failed' ? failure : 'so', failedAt: outcome === 'failed' ? 'draft' : null, log: null,
      final: null, stance: null, alternatives: [], passes: 1, reopened: 0, calls: 3, nanoUsd: 1_000,
    };
    await store.putIfAbsent(outcomeKey(campaign.name, index, attempt), canonicalJson(record));
  };
  for (const [index, letter] of [...letters].entries()) if (letter !== '.') await put(index, LETTERS[letter] as Outcome);
  const counted = (part: string) => Object.fromEntries(Object.entries(LETTERS).map(([letter, outcome]) => [outcome, [...part].filter((each) => each === letter).length])) as Record<Outcome, number>;
  for (let page = 0; page < sealed; page++) {
    const part = letters.slice(4 * page, 4 * page + 4);
    await publish(store, campaign, { count: 10, duplicates: 0 }, [{ page, situations: 4, settings: 0, outcomes: { ...counted(part), waiting: 0 }, nanoUsd: 0, calls: 0, files: [] }]);
  }
  for (const setting of settings) await addSetting(store, campaign.name, setting);
  const stopped = await stopFailing(new CampaignReader(store), campaign.name);
  return { stopped, last: (await readSettings(store, campaign.name)).at(-1), store, campaign, put };
}

test.each([
  ['fff', 'below the smallest sample', null],
  ['fccc', 'a quarter is allowed', null],
  ['ffcc', 'half of four', { failed: 2, ended: 4 }],
  ['ffc...c', 'the gaps are not counted', { failed: 2, ended: 4 }],
  ['ruro.ru', 'refused, unconverged and over-budget ones have ended, and have not failed', null],
  ['fruofo', 'and count as ended', { failed: 2, ended: 6 }],
])('%s: %s', async (letters, _, expected) => {
  for (const sealed of letters.includes('.') ? [0] : [0, 1]) {
    if (letters.length < 4 * sealed) continue;
    const { stopped, last } = await campaignOf(letters, { sealed });
    expect(stopped).toBe(expected !== null);
    if (expected !== null) expect(last).toMatchObject({ state: 'paused', stopped: { ...expected, failedShare: 0.25, reason: 'Model.BadRequest: no at draft', example: letters.indexOf('f') } });
  }
});

test('retried situations count by their last try, and not at all while it runs', async () => {
  const retry = { '0': 1, '1': 1 };
  const { stopped, put, store, campaign } = await campaignOf('ffccc', { settings: [{ retry }] });
  expect(stopped).toBe(false);
  await put(0, 'failed', 1);
  expect(await stopFailing(new CampaignReader(store), campaign.name)).toBe(false);
  await put(1, 'failed', 1);
  expect(await stopFailing(new CampaignReader(store), campaign.name)).toBe(true);
});

test('what had ended when the campaign was let go on counts no more', async () => {
  const settings = [{ state: 'running' as const, countFrom: { failed: 2, ended: 3 } }];
  expect((await campaignOf('ffcfcc', { settings })).stopped).toBe(false);
  expect((await campaignOf('ffcfccf', { settings })).last?.stopped).toMatchObject({ failed: 2, ended: 4 });
});

test.each<[string, Omit<SettingRecord, 'schema' | 'n'>]>([
  ['was paused', { state: 'paused' }],
  ['was cancelled', { state: 'cancelled' }],
  ['was told to run to its end', { stopAfter: null }],
  ['may fail more often', { stopAfter: { failedShare: 0.6, minSample: 4 } }],
])('a campaign that %s is left alone', async (_, setting) => {
  const { stopped, last } = await campaignOf('ffcc', { settings: [setting] });
  expect(stopped).toBe(false);
  expect(last).toMatchObject(setting);
});

test('a stopped campaign is stopped once', async () => {
  const { store, campaign, last } = await campaignOf('ffcc');
  expect(await stopFailing(new CampaignReader(store), campaign.name)).toBe(true);
  expect((await readSettings(store, campaign.name)).at(-1)).toEqual(last);
});

test('the commonest failure is named, by its first situation', async () => {
  const { store, campaign, put } = await campaignOf('cf');
  for (const index of [2, 4]) await put(index, 'failed', 0, 'Data.Corrupt: lost');
  await put(5, 'failed', 0, 'Model.BadRequest: yes');
  await put(6, 'failed', 0, 'Data.Corrupt: gone');
  expect(await stopFailing(new CampaignReader(store), campaign.name)).toBe(true);
  expect((await readSettings(store, campaign.name)).at(-1)?.stopped).toMatchObject({ failed: 5, ended: 6, reason: 'Data.Corrupt: lost at draft', example: 2 });
});

/** Counts what is read, and how often it is listed. */
class CountingStore extends MemoryStore {
  read: string[] = [];
  listings = 0;

  override get(key: string): Promise<Uint8Array | null> {
    this.read.push(key);
    return super.get(key);
  }

  override list(prefix: string, after?: string): AsyncIterable<Listed> {
    this.listings += 1;
    return super.list(prefix, after);
  }
}

test('a look reads what is not sealed, however much is, and however many pages are still to begin', async () => {
  const look = async (pages: number) => {
    const store = new CountingStore();
    const file = { pageSize: 1, stopAfter: { failedShare: 0.5, minSample: 4 } };
    const count = 3 * pages;
    const campaign = await sketchCampaign(store, { situations: Array.from({ length: count }, (_, n) => situation(n)), file });
    const outcomes = { converged: 0, unconverged: 0, refused: 0, failed: 0, 'over-budget': 0, waiting: 0 };
    const seals = Array.from({ length: pages }, (_, page) => ({ page, situations: 1, settings: 0, outcomes: { ...outcomes, [page % 3 === 0 ? 'failed' : 'converged']: 1 }, nanoUsd: 0, calls: 0, files: [] }));
    await publish(store, campaign, { count, duplicates: 0 }, seals);
    const reader = new CampaignReader(store);
    await stopFailing(reader, campaign.name);
    [store.read, store.listings] = [[], 0];
    expect(await stopFailing(reader, campaign.name)).toBe(false);
    return { read: store.read.filter((key) => key.includes('/outcomes/')).length, listings: store.listings };
  };
  expect(await look(30)).toEqual(await look(6));
  expect((await look(6)).read).toBe(0);
});
