import { canonicalJson } from '../../schemas/canonical.ts';
import { cardKey, manifestKey, manifestPrefix } from '../../schemas/keys.ts';
import { Manifest, SCHEMA_VERSION, type OutcomeCounts, type PageSeal } from '../../schemas/manifest.ts';
import { OUTCOMES, type CampaignRecord } from '../../schemas/records.ts';
import { CorruptData } from '../failures.ts';
import { spentImagining } from '../imagined.ts';
import { spentExplaining } from '../spending.ts';
import type { ObjectStore } from '../store.ts';
import { datasetCard } from './card.ts';

/** How many situations the campaign lists, and how many more were duplicates. */
export interface ListingCounts {
  count: number;
  duplicates: number;
}

/**
 * Publishes the next generation: the pages of the last one, with `seals` in place of those of equal number. Where that changes nothing,
 * the last generation is returned. Safe to repeat and to race: of two publishers, the later builds on the earlier one's generation.
 */
export async function publish(
  store: ObjectStore,
  campaign: CampaignRecord,
  listing: ListingCounts,
  seals: readonly PageSeal[],
): Promise<{ generation: number; manifest: Manifest }> {
  const beside = { imagined: await spentImagining(store, campaign), explained: await spentExplaining({ store }, campaign.name) };
  for (;;) {
    const last = await readManifest(store, campaign.name);
    const next = compose(campaign, listing, mergePages(last?.pages ?? [], seals), (last?.generation ?? 0) + 1, beside);
    const unchanged = last !== null && canonicalJson({ ...next, generation: last.generation }) === canonicalJson(last);
    const manifest = unchanged ? last : next;
    if (unchanged || (await store.putIfAbsent(manifestKey(campaign.name, next.generation), canonicalJson(next)))) {
      await writeCard(store, campaign, manifest);
      return { generation: manifest.generation, manifest };
    }
  }
}

/** Number of the last generation of the campaign's dataset; 0: there is none. */
export async function newestGeneration(store: ObjectStore, campaign: string): Promise<number> {
  let newest = 0;
  for await (const { key } of store.list(manifestPrefix(campaign))) newest = Number.parseInt(key.slice(manifestPrefix(campaign).length), 10);
  return newest;
}

/** A generation of the campaign's dataset, by default the last; null where there is none. Throws CorruptData for one this program cannot read. */
export async function readManifest(store: ObjectStore, campaign: string, generation?: number): Promise<Manifest | null> {
  let key = generation === undefined ? null : manifestKey(campaign, generation);
  if (key === null) for await (const listed of store.list(manifestPrefix(campaign))) key = listed.key;
  const bytes = key === null ? null : await store.get(key);
  return bytes === null ? null : parseManifest(bytes, key as string);
}

/** `name` says in messages whose bytes these are. */
export function parseManifest(bytes: Uint8Array, name: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new CorruptData(`${name}: is not JSON`, { cause });
  }
  const version = (json as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version === 'number' && version > SCHEMA_VERSION) {
    throw new CorruptData(`${name}: schemaVersion is ${version}, and this program reads up to ${SCHEMA_VERSION}: update it`);
  }
  const parsed = Manifest.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CorruptData(`${name}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

/** Outcome counts of the whole campaign: situations of pages that are not sealed yet are waiting. */
export function totalOutcomes(planned: number, pages: readonly PageSeal[]): OutcomeCounts {
  const sum = (outcome: keyof OutcomeCounts) => pages.reduce((total, { outcomes }) => total + outcomes[outcome], 0);
  const unsealed = planned - pages.reduce((total, { situations }) => total + situations, 0);
  const ended = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, sum(outcome)])) as Record<(typeof OUTCOMES)[number], number>;
  return { ...ended, waiting: sum('waiting') + unsealed };
}

function mergePages(last: readonly PageSeal[], seals: readonly PageSeal[]): PageSeal[] {
  const pages = new Map(last.map((seal) => [seal.page, seal]));
  for (const seal of seals) {
    const present = pages.get(seal.page);
    // a late second run of an old publication must not bring an old seal back
    if (present === undefined || present.settings <= seal.settings) pages.set(seal.page, seal);
  }
  return [...pages.values()].sort((a, b) => a.page - b.page);
}

function compose(campaign: CampaignRecord, listing: ListingCounts, pages: PageSeal[], generation: number, { imagined, explained }: Record<'imagined' | 'explained', { calls: number; nanoUsd: number }>): Manifest {
  const sum = (field: 'nanoUsd' | 'calls') => pages.reduce((total, seal) => total + seal[field], imagined[field] + explained[field]);
  return {
    schemaVersion: SCHEMA_VERSION,
    campaign: campaign.name,
    generation,
    fingerprint: campaign.fingerprint,
    simulated: campaign.simulated,
    model: campaign.file.model.name,
    writer: campaign.writer,
    planned: listing.count,
    duplicates: listing.duplicates,
    outcomes: totalOutcomes(listing.count, pages),
    nanoUsd: sum('nanoUsd'),
    calls: sum('calls'),
    ...(campaign.quote === undefined ? {} : { prices: { date: campaign.quote.date, source: campaign.quote.source } }),
    ...(campaign.file.situations.from === 'imagine' ? { imagined } : {}),
    ...(explained.calls > 0 || explained.nanoUsd > 0 ? { explained } : {}),
    pages,
  };
}

/** The card is the one object that is overwritten: again, where a later generation came meanwhile. */
async function writeCard(store: ObjectStore, campaign: CampaignRecord, manifest: Manifest): Promise<void> {
  for (let latest: Manifest | null = manifest; latest !== null; ) {
    await store.put(cardKey(campaign.name), datasetCard(campaign.chapters, latest));
    const now: Manifest | null = await readManifest(store, campaign.name);
    latest = now !== null && now.generation > latest.generation ? now : null;
  }
}
