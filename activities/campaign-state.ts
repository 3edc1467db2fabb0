import { outcomeKey, outcomesPrefix, parseIndexedName } from '../schemas/keys.ts';
import type { Manifest } from '../schemas/manifest.ts';
import type { Mode, StopAfter } from '../schemas/campaign.ts';
import { OutcomeRecord, type CampaignRecord, type FailureCount, type SettingRecord, type Stopped } from '../schemas/records.ts';
import { keysBetween, type CampaignReader } from './campaign-reader.ts';

const READ_AT_ONCE = 256;

/** The campaign file as later settings have changed it. */
export interface CurrentSettings {
  /** Number of the last settings record; 0 for none. */
  n: number;
  listing: CampaignRecord['listing'];
  concurrency: number;
  /** USD; null: none. */
  budget: number | null;
  state: 'running' | 'paused' | 'cancelled';
  stopAfter: StopAfter | null;
  /** Why the campaign paused itself; null where it did not. */
  stopped: Stopped | null;
  /** What ended before the campaign was last let go on; it does not count towards `stopAfter`. */
  countFrom: FailureCount;
  mode: Mode;
  /** It asks in batches, or has. */
  batched: boolean;
  /** Try of each retried situation. */
  tries: Map<number, number>;
  /** Number of the last settings record that opened pages again, by retries or by a longer listing; 0 for none. */
  reopened: number;
}

export function applySettings(campaign: CampaignRecord, settings: SettingRecord[]): CurrentSettings {
  const current: CurrentSettings = {
    n: settings.at(-1)?.n ?? 0,
    listing: campaign.listing,
    concurrency: campaign.file.concurrency,
    budget: campaign.file.budget ?? null,
    state: 'running',
    stopAfter: campaign.file.stopAfter ?? null,
    stopped: null,
    countFrom: { failed: 0, ended: 0 },
    mode: campaign.file.model.mode ?? 'interactive',
    batched: campaign.file.model.mode === 'batch',
    tries: new Map(),
    reopened: 0,
  };
  for (const setting of settings) {
    if (setting.listing !== undefined) current.listing = setting.listing;
    if (setting.concurrency !== undefined) current.concurrency = setting.concurrency;
    if (setting.budget !== undefined) current.budget = setting.budget;
    if (setting.state !== undefined) Object.assign(current, { state: setting.state, stopped: setting.stopped ?? null });
    if (setting.stopAfter !== undefined) current.stopAfter = setting.stopAfter;
    if (setting.countFrom !== undefined) current.countFrom = setting.countFrom;
    if (setting.mode !== undefined) current.mode = setting.mode;
    if (setting.mode === 'batch') current.batched = true;
    if (setting.listing !== undefined || setting.retry !== undefined) current.reopened = setting.n;
    for (const [index, attempt] of Object.entries(setting.retry ?? {})) current.tries.set(Number(index), attempt);
  }
  return current;
}

/** Situations of a page: [from, to). */
export function pageBounds(page: number, pageSize: number, count: number): { from: number; to: number } {
  return { from: page * pageSize, to: Math.min(count, (page + 1) * pageSize) };
}

/** Pages that the last manifest holds whole, and that no later setting has opened again. */
export function sealedPages(campaign: CampaignRecord, settings: SettingRecord[], current: CurrentSettings, manifest: Manifest | null): Set<number> {
  const { pageSize } = campaign.file;
  // number of the last setting that tries situations of the page again
  const retried = new Map<number, number>();
  for (const { n, retry = {} } of settings) for (const index of Object.keys(retry)) retried.set(Math.floor(Number(index) / pageSize), n);
  const sealed = new Set<number>();
  for (const seal of manifest?.pages ?? []) {
    const { from, to } = pageBounds(seal.page, pageSize, current.listing.count);
    if (seal.situations === to - from && (seal.outcomes.waiting ?? 0) === 0 && (retried.get(seal.page) ?? 0) <= seal.settings) sealed.add(seal.page);
  }
  return sealed;
}

/** Every outcome of a page's situations, by index, older tries first. */
export async function pageOutcomes(reader: CampaignReader, campaign: string, from: number, to: number): Promise<Map<number, OutcomeRecord[]>> {
  const outcomes = new Map<number, OutcomeRecord[]>();
  const keys: string[] = [];
  for await (const key of keysBetween(reader.store, outcomesPrefix(campaign), from, to)) keys.push(key);
  for (const record of (await readOutcomes(reader, keys)).sort((a, b) => a.index - b.index || a.try - b.try)) {
    outcomes.set(record.index, [...(outcomes.get(record.index) ?? []), record]);
  }
  return outcomes;
}

/**
 * The outcome that counts of a situation's tries, older ones first: the last one's. A try that ran out of money takes nothing away from
 * a plan that an earlier one converged on.
 */
export function countingOutcome(tries: readonly OutcomeRecord[]): OutcomeRecord | undefined {
  const last = tries.at(-1);
  return last?.outcome === 'over-budget' ? (tries.findLast(({ outcome }) => outcome === 'converged') ?? last) : last;
}

/** Runs of situations [from, to) that lie in pages outside `done`. */
export function runsOutside(campaign: CampaignRecord, current: CurrentSettings, done: ReadonlySet<number>): { from: number; to: number }[] {
  const { pageSize } = campaign.file;
  const { count } = current.listing;
  const runs: { from: number; to: number }[] = [];
  for (let page = 0; page * pageSize < count; page++) {
    if (done.has(page)) continue;
    const { from, to } = pageBounds(page, pageSize, count);
    const last = runs.at(-1);
    if (last?.to === from) last.to = to;
    else runs.push({ from, to });
  }
  return runs;
}

/** Outcomes of situations in pages outside `done`, by their last try; lowest index first. One listing a run of pages. */
export async function* lastOutcomesOutside(reader: CampaignReader, campaign: CampaignRecord, current: CurrentSettings, done: ReadonlySet<number>): AsyncIterable<OutcomeRecord> {
  for (const { from, to } of runsOutside(campaign, current, done)) {
    let keys: string[] = [];
    for await (const key of keysBetween(reader.store, outcomesPrefix(campaign.name), from, to)) {
      const { index, try: attempt } = parseIndexedName(key);
      if (attempt === (current.tries.get(index) ?? 0)) keys.push(key);
      if (keys.length < READ_AT_ONCE) continue;
      yield* await readOutcomes(reader, keys);
      keys = [];
    }
    yield* await readOutcomes(reader, keys);
  }
}

/** The outcome of one try; null before it has ended. */
export async function outcomeOf(reader: CampaignReader, { campaign, index, try: attempt }: { campaign: string; index: number; try: number }): Promise<OutcomeRecord | null> {
  const bytes = await reader.store.get(outcomeKey(campaign, index, attempt));
  return bytes === null ? null : OutcomeRecord.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

async function readOutcomes(reader: CampaignReader, keys: readonly string[]): Promise<OutcomeRecord[]> {
  return await Promise.all(keys.map(async (key) => OutcomeRecord.parse(JSON.parse(new TextDecoder().decode((await reader.store.get(key)) as Uint8Array)))));
}
