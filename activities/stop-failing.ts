import { canonicalJson } from '../schemas/canonical.ts';
import { settingKey } from '../schemas/keys.ts';
import type { CampaignRecord, FailureCount, OutcomeRecord, SettingRecord, Stopped } from '../schemas/records.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { applySettings, lastOutcomes, pageBounds, sealedPages, type CurrentSettings } from './campaign-state.ts';
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
    const { failures, ...all } = await countFailures(reader, campaign, settings, current);
    const count = sinceThen(all, current.countFrom);
    if (!failedTooMany(count, current.stopAfter)) return false;
    const stopped: Stopped = { ...count, failedShare: current.stopAfter.failedShare, ...commonest(failures) };
    const record: SettingRecord = { schema: 1, n: current.n + 1, state: 'paused', stopped };
    // the loser of a race looks again at what the winner has set
    if (await reader.store.putIfAbsent(settingKey(name, record.n), canonicalJson(record))) return true;
  }
}

/** Counts all situations, by their last try. Of sealed pages the manifest tells the sums, and only those with failures are read. */
async function countFailures(reader: CampaignReader, campaign: CampaignRecord, settings: SettingRecord[], current: CurrentSettings): Promise<FailureCount & { failures: OutcomeRecord[] }> {
  const { pageSize } = campaign.file;
  const { count } = current.listing;
  const manifest = await readManifest(reader.store, campaign.name);
  const sealed = sealedPages(campaign, settings, current, manifest);
  const seals = new Map((manifest?.pages ?? []).filter(({ page }) => sealed.has(page)).map((seal) => [seal.page, seal.outcomes]));
  const found = { failed: 0, ended: 0, failures: [] as OutcomeRecord[] };
  for (let page = 0; page * pageSize < count; page++) {
    const outcomes = seals.get(page);
    if (outcomes?.failed === 0) {
      found.ended += sumOf(outcomes);
      continue;
    }
    const last = await lastOutcomes(reader, campaign.name, pageBounds(page, pageSize, count), current.tries);
    const failures = last.filter(({ outcome }) => outcome === 'failed');
    found.ended += last.length;
    found.failed += failures.length;
    found.failures.push(...failures);
  }
  return found;
}

function sumOf(outcomes: Record<string, number>): number {
  return Object.values(outcomes).reduce((sum, each) => sum + each, 0);
}

const LONGEST_REASON = 160;

/** The kind of failure that most situations share, in the words of the first of them. */
function commonest(failures: readonly OutcomeRecord[]): Pick<Stopped, 'reason' | 'example'> {
  const kinds = new Map<string, OutcomeRecord[]>();
  for (const failure of failures) {
    const kind = `${failure.reason.split(':')[0]} at ${failure.failedAt}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), failure]);
  }
  const [first] = [...kinds.values()].reduce((a, b) => (b.length > a.length ? b : a)) as [OutcomeRecord];
  const at = first.failedAt === null ? '' : ` at ${first.failedAt}`;
  return { reason: `${first.reason.slice(0, LONGEST_REASON - at.length)}${at}`, example: first.index };
}
