import { canonicalJson } from '../schemas/canonical.ts';
import { settingKey } from '../schemas/keys.ts';
import type { PageSeal } from '../schemas/manifest.ts';
import type { CampaignRecord, FailureCount, OutcomeRecord, SettingRecord, Stopped } from '../schemas/records.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { applySettings, lastOutcomesOutside, sealedPages, type CurrentSettings } from './campaign-state.ts';
import { failedTooMany, sinceThen } from './failed-share.ts';
import { toFailure } from './failures.ts';
import { beating } from './heartbeat.ts';
import { readManifest } from './shards/manifest.ts';

export function createStopActivities({ reader }: { reader: CampaignReader }) {
  return {
    /** Counts what S3 holds, and pauses the campaign by a settings record where `stopAfter` says so. True where it is stopped. */
    async stopFailing(input: { campaign: string }): Promise<boolean> {
      try {
        return await beating({ settled: 0 }, () => stopFailing(reader, input.campaign));
      } catch (error) {
        throw toFailure(error);
      }
    },

    /** Writes a cancellation that came through Temporal alone as the `cancel` verb would have. `after`: number of the last settings record that the campaign knows. */
    async recordCancel(input: { campaign: string; after: number }): Promise<void> {
      try {
        await beating({ settled: 0 }, () => recordCancel(reader, input.campaign, input.after));
      } catch (error) {
        throw toFailure(error);
      }
    },
  };
}
export type StopActivities = ReturnType<typeof createStopActivities>;

/** The same without beating. */
export async function stopFailing(reader: CampaignReader, name: string): Promise<boolean> {
  const campaign = await reader.campaign(name);
  for (;;) {
    const settings = await reader.settings(name);
    const current = applySettings(campaign, settings);
    // an earlier attempt may have written the record
    if (current.stopped !== null) return true;
    if (current.stopAfter === null || current.state !== 'running') return false;
    const manifest = await readManifest(reader.store, name);
    const sealed = sealedPages(campaign, settings, current, manifest);
    const counted = { campaign, current, seals: (manifest?.pages ?? []).filter(({ page }) => sealed.has(page)) };
    const count = sinceThen(await countEnded(reader, counted), current.countFrom);
    if (!failedTooMany(count, current.stopAfter)) return false;
    const stopped: Stopped = { ...count, failedShare: current.stopAfter.failedShare, ...(await commonestFailure(reader, counted)) };
    const record: SettingRecord = { schema: 1, n: current.n + 1, state: 'paused', stopped };
    // the loser of a race looks again at what the winner has set
    if (await reader.store.putIfAbsent(settingKey(name, record.n), canonicalJson(record))) return true;
  }
}

/** Puts nothing where an earlier attempt, or the verb, has written it: what was let go on since stays so. */
async function recordCancel(reader: CampaignReader, name: string, after: number): Promise<void> {
  for (;;) {
    const settings = await reader.settings(name);
    if (settings.some(({ n, state }) => n > after && state === 'cancelled')) return;
    const record: SettingRecord = { schema: 1, n: (settings.at(-1)?.n ?? 0) + 1, state: 'cancelled' };
    if (await reader.store.putIfAbsent(settingKey(name, record.n), canonicalJson(record))) return;
  }
}

const LONGEST_REASON = 160;

interface Counted {
  campaign: CampaignRecord;
  current: CurrentSettings;
  /** Of the pages that are sealed as the settings want them. */
  seals: PageSeal[];
}

/** Counts all situations, by their last try. Of sealed pages the manifest tells the sums: only what is not sealed is listed and read. */
async function countEnded(reader: CampaignReader, { campaign, current, seals }: Counted): Promise<FailureCount> {
  const found = { failed: 0, ended: 0 };
  for (const { outcomes } of seals) {
    found.failed += outcomes.failed;
    found.ended += sumOf(outcomes);
  }
  for await (const { outcome } of lastOutcomesOutside(reader, campaign, current, pagesOf(seals))) {
    if (outcome === 'failed') found.failed += 1;
    found.ended += 1;
  }
  return found;
}

/** The kind of failure that most situations share, in the words of the first of them. Read once, when the campaign stops. */
async function commonestFailure(reader: CampaignReader, { campaign, current, seals }: Counted): Promise<Pick<Stopped, 'reason' | 'example'>> {
  const kinds = new Map<string, { first: OutcomeRecord; n: number }>();
  for await (const record of lastOutcomesOutside(reader, campaign, current, pagesOf(seals.filter(({ outcomes }) => outcomes.failed === 0)))) {
    if (record.outcome !== 'failed') continue;
    const name = `${record.reason.split(':')[0]} at ${record.failedAt}`;
    const kind = kinds.get(name) ?? { first: record, n: 0 };
    kind.n += 1;
    kinds.set(name, kind);
  }
  const { first } = [...kinds.values()].reduce((a, b) => (b.n > a.n ? b : a));
  const at = first.failedAt === null ? '' : ` at ${first.failedAt}`;
  return { reason: `${first.reason.slice(0, LONGEST_REASON - at.length)}${at}`, example: first.index };
}

function pagesOf(seals: readonly PageSeal[]): Set<number> {
  return new Set(seals.map(({ page }) => page));
}

function sumOf(outcomes: Record<string, number>): number {
  return Object.values(outcomes).reduce((sum, each) => sum + each, 0);
}
