import { canonicalJson } from '../schemas/canonical.ts';
import type { Cell, ImaginedRecord, Sieve } from '../schemas/imagined.ts';
import { imaginedKey } from '../schemas/keys.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { meanDistance, shinglesOf } from './diversity.ts';
import { toFailure } from './failures.ts';
import { gridOf } from './grid.ts';
import { beating } from './heartbeat.ts';
import { imagineRequest } from './imagine.ts';
import { ImagineReader } from './imagine-reader.ts';
import { listed, listingText } from './listing.ts';
import { priceIn, quoteOf } from './prices.ts';
import { reservationOf } from './pricing.ts';
import { formatRanges } from './ranges.ts';
import { emptySieve, sift, type Ask } from './sieve.ts';

/** Which imagination: the campaign, and the object with its ImagineRequest. */
export interface ImaginationInput {
  campaign: string;
  request: string;
}

export interface ImaginationView {
  /** Situations wanted. */
  count: number;
  /** Spent or promised by earlier runs; int nano-dollars. */
  spent: number;
  /** Int nano-dollars that the first call of an ask reserves. */
  reserve: number;
}

export interface SiftResult {
  headline: string;
  /** Object with the Sieve. */
  sieve: string;
  kept: number;
  nearDuplicates: number;
  /** Asks that are needed to go on, as ranges of cells by ask: `0:0-15,17;1:16`; "" when the sieve is done. */
  wanted: string;
}

export interface ImaginationResult {
  headline: string;
  /** Situations listed; 0: nothing was listed. */
  count: number;
  calls: number;
  nanoUsd: number;
  /** Why some asks brought nothing, or "". */
  reason: string;
}

/** An imagination's dealings with S3. */
export function createImaginationActivities({ reader: campaigns }: { reader: CampaignReader }) {
  const reader = new ImagineReader(campaigns);
  return {
    openImagination: (input: ImaginationInput): Promise<ImaginationView> =>
      io(async () => {
        const { request } = await reader.request(input.request);
        const [first] = gridOf(request.source, Object.keys(request.agents));
        const price = priceIn(request.quote ?? quoteOf(request.model));
        const sample = await imagineRequest((sha256) => campaigns.text(sha256), request, first as Cell, []);
        const { nanoUsd } = await reader.spending(input.campaign);
        return { count: request.source.count, spent: nanoUsd, reserve: price === null ? 0 : reservationOf(sample, price, request.model.cacheTtl) };
      }),

    /** Sifts what the asks that the sieve wanted have brought. */
    sift: (input: ImaginationInput & { sieve: string | null }): Promise<SiftResult> =>
      io(async () => {
        const { request, fingerprint } = await reader.request(input.request);
        const cells = gridOf(request.source, Object.keys(request.agents)).length;
        const before = input.sieve === null ? emptySieve(cells) : await reader.sieve(input.sieve);
        const candidates = await readCandidates(reader, input.campaign, fingerprint, before);
        const { sieve, wanted } = sift(before, request.source, (cell, ask) => candidates.get(`${cell}.${ask}`));
        const { kept, nearDuplicates } = sieve;
        const headline = `${kept.length} of ${request.source.count} kept, ${nearDuplicates} near-duplicates dropped`;
        return { headline, sieve: await campaigns.save(canonicalJson(sieve)), kept: kept.length, nearDuplicates, wanted: formatAsks(wanted) };
      }),

    /** Writes the listing and, put if absent, `imagined.json`. */
    settleImagination: (input: ImaginationInput & { sieve: string }): Promise<ImaginationResult> =>
      io(async () => {
        const { request, fingerprint } = await reader.request(input.request);
        const sieve = await reader.sieve(input.sieve);
        const contents = await reader.kept(input.campaign, fingerprint, sieve);
        const spending = await reader.spending(input.campaign);
        const reason = await shortfall(reader, input.campaign, fingerprint, sieve);
        const headline = `${contents.length} situations in ${spending.calls} calls`;
        if (contents.length === 0) return { headline, count: 0, ...spending, reason };
        const { situations } = listed(contents);
        const listing = { sha256: await campaigns.save(listingText(situations)), count: situations.length, duplicates: sieve.nearDuplicates };
        const cells = gridOf(request.source, Object.keys(request.agents)).map((cell, number) => ({
          ...cell,
          situations: sieve.kept.flatMap(([from], index) => (from === number ? [index] : [])),
        }));
        const diversity = {
          cells: cells.length,
          filled: cells.filter((cell) => cell.situations.length > 0).length,
          nearDuplicates: sieve.nearDuplicates,
          meanDistance: meanDistance(contents.map(textOf).map(shinglesOf)),
        };
        const record: ImaginedRecord = { schema: 1, fingerprint, listing, ...spending, diversity, cells };
        await campaigns.store.putIfAbsent(imaginedKey(input.campaign), canonicalJson(record));
        return { headline, count: situations.length, ...spending, reason };
      }),
  };
}
export type ImaginationActivities = ReturnType<typeof createImaginationActivities>;

/** What is compared: everything that the situation says in words. */
function textOf({ initial, target }: { initial: string; target: string | null }): string {
  return `${initial} ${target ?? ''}`;
}

/** Shingles of every ask that a sieve looks at: those it kept something of, each cell's last, and each cell's next where that has ended. */
async function readCandidates(reader: ImagineReader, campaign: string, fingerprint: string, { kept, cells }: Sieve): Promise<Map<string, Uint32Array[]>> {
  const asks = new Map<string, Ask>();
  const add = (cell: number, ask: number) => asks.set(`${cell}.${ask}`, { cell, ask });
  for (const [cell, ask] of kept) add(cell, ask);
  for (const [cell, { asks: answered }] of cells.entries()) for (const ask of [answered - 1, answered]) if (ask >= 0) add(cell, ask);
  const read = [...asks].map(async ([name, ask]): Promise<[string, Uint32Array[]][]> => {
    const record = await reader.ask(campaign, fingerprint, ask);
    return record === null ? [] : [[name, record.situations.map(textOf).map(shinglesOf)]];
  });
  return new Map((await Promise.all(read)).flat());
}

/** Why the last ask of a cell that is short of situations brought none. */
async function shortfall(reader: ImagineReader, campaign: string, fingerprint: string, { cells }: Sieve): Promise<string> {
  for (const [cell, { asks, fruitless }] of cells.entries()) {
    if (fruitless === 0) continue;
    const record = await reader.ask(campaign, fingerprint, { cell, ask: asks - 1 });
    if (record !== null && record.reason !== '') return record.reason;
  }
  return '';
}

function formatAsks(wanted: readonly Ask[]): string {
  const byAsk = new Map<number, number[]>();
  for (const { cell, ask } of wanted) byAsk.set(ask, [...(byAsk.get(ask) ?? []), cell]);
  return [...byAsk].map(([ask, cells]) => `${ask}:${formatRanges(cells.sort((a, b) => a - b))}`).join(';');
}

/** Beats meanwhile, so that a lost worker's work is soon taken up by another. */
async function io<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await beating({ settled: 0 }, work);
  } catch (error) {
    throw toFailure(error);
  }
}
