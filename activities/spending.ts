import { canonicalJson } from '../schemas/canonical.ts';
import { explainedPrefix, grantKey, grantsPrefix, outcomesPrefix, parseIndexedName, stoppedKey } from '../schemas/keys.ts';
import type { Manifest } from '../schemas/manifest.ts';
import { ExplainedRecord, GrantRecord, OutcomeRecord, type CampaignRecord } from '../schemas/records.ts';
import { keysBetween, type CampaignReader } from './campaign-reader.ts';
import { spentImagining } from './imagined.ts';
import type { ObjectStore } from './store.ts';

/** `pass` of the record that books what a stopped situation has cost. */
const STOPPED = 'stopped';

/** A situation that was stopped before its outcome, and what it has cost the campaign; int nano-dollars. */
export interface Unfinished {
  index: number;
  try: number;
  nanoUsd: number;
  /** With a budget: the runs of its workflow whose grants this takes the place of. */
  runs?: string[];
}

/** Put before money is spent. A situation that an earlier run has left starts its count anew: its grants come after those. */
export async function putGrant(store: ObjectStore, campaign: string, { n: first, ...grant }: Omit<GrantRecord, 'schema' | 'runs'>): Promise<void> {
  for (let n = first; ; n++) {
    const key = grantKey(campaign, grant.index, grant.try, n);
    const record = canonicalJson({ schema: 1, ...grant, n } satisfies GrantRecord);
    if (await store.putIfAbsent(key, record)) return;
    const there = await store.get(key);
    if (there !== null && new TextDecoder().decode(there) === record) return;
  }
}

/** Books what an unfinished situation has cost; each further time it is stopped makes a record of its own. */
export async function bookUnfinished(reader: CampaignReader, campaign: string, { index, try: attempt, nanoUsd, runs }: Unfinished): Promise<void> {
  const record: GrantRecord = { schema: 1, index, try: attempt, n: 0, pass: STOPPED, run: '', nanoUsd, ...(runs === undefined ? {} : { runs }) };
  await reader.store.putIfAbsent(stoppedKey(campaign, index, attempt, runs?.at(-1) ?? nanoUsd), canonicalJson(record));
}

/**
 * Nano-dollars that one try of a situation may have cost, whatever has been lost. Runs of its workflow that came to an end have said
 * what they spent; of each other one, lost with Temporal's database, every grant counts.
 */
export function bookedFor(outcome: OutcomeRecord | undefined, grants: readonly GrantRecord[]): number {
  // an outcome of earlier versions does not say whose grants it settles
  if (outcome !== undefined && outcome.life === undefined) return outcome.nanoUsd;
  const stops = grants.filter(({ pass }) => pass === STOPPED);
  const settled = new Set([...(outcome?.life?.runs ?? []), ...stops.flatMap(({ runs = [] }) => runs)]);
  const lost = grants.filter(({ pass, run }) => pass !== STOPPED && !settled.has(run)).reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
  const stopped = stops.filter(({ runs }) => runs !== undefined).reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
  // without a budget each stop books all that the situation had cost by then
  const unbudgeted = stops.filter(({ runs }) => runs === undefined).reduce((most, { nanoUsd }) => Math.max(most, nanoUsd), 0);
  return Math.max((outcome?.life?.charged ?? 0) + lost + stopped, outcome?.nanoUsd ?? 0, lost + stopped + unbudgeted);
}

/** Nano-dollars that situations [from, to) may have cost, over all their tries; those left out are not read. */
export async function openSpending(reader: CampaignReader, campaign: string, left: (index: number) => boolean, to: number, from = 0): Promise<number> {
  const outcomes = new Map<string, OutcomeRecord>();
  const grants = new Map<string, GrantRecord[]>();
  for await (const [attempt, json] of records(reader, outcomesPrefix(campaign), from, to, left)) outcomes.set(attempt, OutcomeRecord.parse(json));
  for await (const [attempt, json] of records(reader, grantsPrefix(campaign), from, to, left)) grants.set(attempt, [...(grants.get(attempt) ?? []), GrantRecord.parse(json)]);
  const tries = new Set([...outcomes.keys(), ...grants.keys()]);
  return [...tries].reduce((sum, attempt) => sum + bookedFor(outcomes.get(attempt), grants.get(attempt) ?? []), 0);
}

/** Explanations asked for beside the campaign's own: calls, and nano-dollars; those that have not ended count at what they may cost. */
export async function spentExplaining(reader: Pick<CampaignReader, 'store'>, campaign: string): Promise<{ calls: number; nanoUsd: number }> {
  const ends = new Map<string, ExplainedRecord>();
  for await (const { key } of reader.store.list(explainedPrefix(campaign))) {
    const record = ExplainedRecord.parse(await readJson(reader, key));
    // "end" sorts before "grant"
    if (!ends.has(record.run)) ends.set(record.run, record);
  }
  return [...ends.values()].reduce((sum, { calls, nanoUsd }) => ({ calls: sum.calls + calls, nanoUsd: sum.nanoUsd + nanoUsd }), { calls: 0, nanoUsd: 0 });
}

/** Nano-dollars that a campaign may have spent at most, imagination included and explanations not, by what S3 holds of it. */
export async function campaignSpending(reader: CampaignReader, campaign: CampaignRecord, seals: Manifest['pages'], count: number): Promise<number> {
  const sealed = new Set(seals.map(({ page }) => page));
  const open = await openSpending(reader, campaign.name, (index) => sealed.has(Math.floor(index / campaign.file.pageSize)), count);
  const imagined = await spentImagining(reader.store, campaign);
  return seals.reduce((sum, { nanoUsd, booked }) => sum + (booked ?? nanoUsd), open + imagined.nanoUsd);
}

/** Records of tries, each with the `<index>.<try>` it is of. */
async function* records(reader: CampaignReader, prefix: string, from: number, to: number, left: (index: number) => boolean): AsyncIterable<[string, unknown]> {
  for await (const key of keysBetween(reader.store, prefix, from, to)) {
    const { index, try: attempt } = parseIndexedName(key);
    if (!left(index)) yield [`${index}.${attempt}`, await readJson(reader, key)];
  }
}

async function readJson({ store }: Pick<CampaignReader, 'store'>, key: string): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode((await store.get(key))));
}
