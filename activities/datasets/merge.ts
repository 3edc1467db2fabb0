import { writerIdentity } from '../../infra/arrow/writer.ts';
import { canonicalJson, contentHash } from '../../schemas/canonical.ts';
import { campaignKey, cardKey, deletingKey, imagineAllPrefix, imaginedKey, manifestKey } from '../../schemas/keys.ts';
import { SCHEMA_VERSION, type Manifest, type Merged, type MergedSource } from '../../schemas/manifest.ts';
import { datasetCard } from '../shards/card.ts';
import { readManifest, totalOutcomes } from '../shards/manifest.ts';
import { standing } from '../shards/publication.ts';
import { isThere, type ObjectStore } from '../store.ts';
import { chooseRows, mergeRows, type MergedRows } from './merged-rows.ts';
import { divisionOf, MergeRefused, openSources, sourceText, type Division, type Source, type SourceName } from './sources.ts';
import { swept } from './sweep.ts';

/*
 * One dataset out of several campaigns' generations. It has files of its own: sources may grow, be cleaned up or deleted. Equal sources in
 * equal order give equal bytes; the order decides which row stands for a situation that several have, and how rows are numbered.
 */

export interface MergeRequest {
  into: string;
  sources: readonly SourceName[];
  /** The source whose seed and shares all are split by. */
  splitLike?: string | undefined;
  mixSimulated?: boolean;
  /** Hears which source is being merged. */
  tell?: (source: Source) => void;
}

export interface MergeResult {
  manifest: Manifest;
  /** Nothing in the sources has changed since the last generation, which is this one. */
  unchanged: boolean;
}

/** Data written by a merge are compressed so, whatever the sources are. */
const COMPRESSION = 'zstd';

/** Publishes the next generation of a merged dataset. @throws MergeRefused, one line, for what must not be merged or is merged otherwise already. */
export async function merge(store: ObjectStore, request: MergeRequest): Promise<MergeResult> {
  const { into, tell = () => {} } = request;
  const sources = await openSources(store, request.sources, request.mixSimulated === true);
  const division = divisionOf(sources, request.splitLike);
  const fingerprint = fingerprintOf(sources, division);
  const chosen = await chooseRows(store, sources);
  for (;;) {
    const last = await targetOf(store, into, sources, fingerprint);
    const rows = await mergeRows(store, into, sources, { chosen, division, compression: COMPRESSION, tell });
    const next = await compose(into, sources, division, fingerprint, rows, (last?.generation ?? 0) + 1);
    const unchanged = last !== null && canonicalJson({ ...next, generation: last.generation }) === canonicalJson(last);
    const manifest = unchanged ? last : next;
    if (!unchanged && !(await store.putIfAbsent(manifestKey(into, next.generation), canonicalJson(next)))) continue;
    await store.put(cardKey(into), datasetCard(manifest.merged?.texts ?? [], manifest));
    await swept(store, into);
    // where `gc` took files of an earlier merge, which was killed, for leftovers, they are written once more
    if (await standing(store, into, manifest.pages.flatMap(({ files }) => files))) return { manifest, unchanged };
  }
}

/** What makes one merged dataset, over its generations. */
function fingerprintOf(sources: readonly Source[], division: Division): string {
  return contentHash({ sources: sources.map(({ campaign, generation, manifest }) => ({ campaign, generation, fingerprint: manifest.fingerprint })), ...division });
}

/** The last generation under the name; null where the name is free. */
async function targetOf(store: ObjectStore, into: string, sources: readonly Source[], fingerprint: string): Promise<Manifest | null> {
  const refuse = (why: string) => new MergeRefused(`--into: ${why}; choose another name`);
  if (await isThere(store, deletingKey(into))) throw refuse(`"${into}" is being deleted`);
  for (const key of [campaignKey(into), imaginedKey(into), imagineAllPrefix(into)]) for await (const _ of store.list(key)) throw refuse(`"${into}" is a campaign`);
  const last = await readManifest(store, into);
  if (last === null || last.fingerprint === fingerprint) return last;
  const merged = last.merged as Merged;
  const was = merged.sources.map((source) => sourceText({ ...source, generation: source.pinned ? source.generation : null })).join(' ');
  if (was !== sources.map(sourceText).join(' ')) throw refuse(`"${into}" was merged from ${was}: name these again, in this order`);
  const other = merged.sources.find((source, i) => source.fingerprint !== sources[i]?.manifest.fingerprint);
  if (other !== undefined) throw refuse(`campaign "${other.campaign}" is another one than "${into}" was merged from`);
  throw refuse(`"${into}" is split otherwise`);
}

async function compose(into: string, sources: readonly Source[], { splits, seed }: Division, fingerprint: string, { pages, parts }: MergedRows, generation: number): Promise<Manifest> {
  const texts = new Map(sources.flatMap(({ record }) => record.chapters).map(({ title, licence = null }) => [title, { title, licence }]));
  const laws = new Set(sources.flatMap(({ manifest: { simulated } }) => simulated ?? []));
  const planned = pages.reduce((sum, { situations }) => sum + situations, 0);
  return {
    schemaVersion: SCHEMA_VERSION,
    campaign: into,
    generation,
    fingerprint,
    simulated: laws.size === 0 ? null : [...laws].join('+'),
    model: [...new Set(sources.map(({ manifest }) => manifest.model))].join(' + '),
    writer: await writerIdentity(COMPRESSION),
    planned,
    duplicates: parts.reduce((sum, { dropped }) => sum + dropped, 0),
    outcomes: totalOutcomes(planned, pages),
    nanoUsd: 0,
    calls: 0,
    merged: { splits, seed, agents: Object.assign({}, ...sources.map(({ record }) => record.agents)) as Merged['agents'], texts: [...texts.values()], sources: sources.map((source, i) => ({ ...provenance(source), ...(parts[i] as MergedRows['parts'][number]) })) },
    pages,
  };
}

function provenance({ campaign, generation, record, manifest }: Source): Omit<MergedSource, 'from' | 'to' | 'dropped' | 'moved'> {
  const { fingerprint, simulated, model, prices, nanoUsd, calls } = manifest;
  return { campaign, generation: manifest.generation, pinned: generation !== null, fingerprint, simulated, model, ...(prices === undefined ? {} : { prices }), nanoUsd, calls, tolerance: record.actor.tolerance };
}
