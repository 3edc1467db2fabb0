import { readArrow } from '../../infra/arrow/reader.ts';
import type { Compression } from '../../schemas/campaign.ts';
import type { FileEntry, MergedSource, OutcomeCounts, PageSeal } from '../../schemas/manifest.ts';
import type { Outcome } from '../../schemas/records.ts';
import type { DataRow, SituationRow } from '../../schemas/rows.ts';
import { fetchFile } from '../shards/fetch-file.ts';
import { PageFiles } from '../shards/page-files.ts';
import { putFile } from '../shards/put-file.ts';
import { splitOf } from '../shards/splits.ts';
import type { ObjectStore } from '../store.ts';
import type { Division, Source } from './sources.ts';

/** Situations of a page of the merged dataset: as many as campaigns have at most. */
const PAGE_SIZE = 256;

/** Of two outcomes of one situation the lower one counts: a plan that stands is worth more than one that does not, or none. */
const RANKS: Record<Outcome, number> = { converged: 0, unconverged: 1, refused: 2, failed: 3, 'over-budget': 3 };
const RANK_COUNT = 4;

/** Number of the source whose row stands for a situation, by situation id. Some 150 bytes a situation: all else is a page at a time. */
export type Chosen = ReadonlyMap<string, number>;

export interface MergedRows {
  pages: PageSeal[];
  /** Of each source: its place in the numbering, and what became of its situations. */
  parts: Pick<MergedSource, 'from' | 'to' | 'dropped' | 'moved'>[];
}

export interface HowMerged {
  chosen: Chosen;
  division: Division;
  compression: Compression;
  tell: (source: Source) => void;
}

/** Decides for each situation which source's row stands: the best outcome, then the source named first. */
export async function chooseRows(store: ObjectStore, sources: readonly Source[]): Promise<Chosen> {
  const best = new Map<string, number>();
  for (const [i, source] of sources.entries()) {
    for (const { files } of source.manifest.pages) {
      for (const { situation_id, outcome } of await rowsOf<SituationRow>(store, source, files, 'situations')) {
        const known = best.get(situation_id);
        if (known === undefined || RANKS[outcome] < known % RANK_COUNT) best.set(situation_id, i * RANK_COUNT + RANKS[outcome]);
      }
    }
  }
  for (const [id, each] of best) best.set(id, Math.floor(each / RANK_COUNT));
  return best;
}

/** Writes the chosen rows, numbered anew in the order of sources and within each as they were. */
export async function mergeRows(store: ObjectStore, into: string, sources: readonly Source[], { chosen, division, compression, tell }: HowMerged): Promise<MergedRows> {
  const merged: MergedRows = { pages: [], parts: [] };
  let waiting: Story[] = [];
  let next = 0;
  const flush = async () => {
    if (waiting.length > 0) merged.pages.push(await writePage(store, into, merged.pages.length, waiting, compression));
    waiting = [];
  };
  for (const [i, source] of sources.entries()) {
    tell(source);
    const part = { from: next, to: next, dropped: 0, moved: 0 };
    for await (const { situation, versions } of stories(store, source)) {
      if (chosen.get(situation.situation_id) !== i) {
        part.dropped += 1;
        continue;
      }
      const split = splitOf(situation.root_id, division.splits, division.seed);
      if (split !== situation.split) part.moved += 1;
      const place = { situation_index: next, split };
      waiting.push({ situation: { ...situation, ...place }, versions: versions.map((version) => ({ ...version, ...place })) });
      next += 1;
      if (waiting.length === PAGE_SIZE) await flush();
    }
    merged.parts.push({ ...part, to: next });
  }
  await flush();
  return merged;
}

/** A situation and its versions. */
interface Story {
  situation: SituationRow;
  versions: DataRow[];
}

/** Every ended situation of a source, by index. */
async function* stories(store: ObjectStore, source: Source): AsyncIterable<Story> {
  for (const { files } of source.manifest.pages) {
    const versions = new Map<number, DataRow[]>();
    for (const row of await rowsOf<DataRow>(store, source, files, 'data')) {
      const known = versions.get(row.situation_index);
      if (known === undefined) versions.set(row.situation_index, [row]);
      else known.push(row);
    }
    const situations = await rowsOf<SituationRow>(store, source, files, 'situations');
    for (const situation of situations.sort((a, b) => a.situation_index - b.situation_index)) yield { situation, versions: versions.get(situation.situation_index) ?? [] };
  }
}

async function rowsOf<Row>(store: ObjectStore, { campaign }: Source, files: readonly FileEntry[], kind: FileEntry['kind']): Promise<Row[]> {
  const rows: Row[] = [];
  for (const file of files) if (file.kind === kind) rows.push(...(await readArrow<Row>(await fetchFile(store, campaign, file))));
  return rows;
}

async function writePage(store: ObjectStore, into: string, page: number, stories: readonly Story[], compression: Compression): Promise<PageSeal> {
  const rows = await PageFiles.begin(compression);
  const outcomes: OutcomeCounts = { converged: 0, unconverged: 0, refused: 0, failed: 0, 'over-budget': 0, waiting: 0 };
  for (const story of stories) {
    rows.add({ ...story, ledger: [] });
    outcomes[story.situation.outcome] += 1;
  }
  const files: FileEntry[] = [];
  for await (const file of rows.finish({ ledger: false })) files.push(await putFile(store, into, page, file));
  return { page, situations: stories.length, settings: 0, outcomes, nanoUsd: 0, calls: 0, files };
}
