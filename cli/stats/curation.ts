import { Dataset } from '../../activities/curation/dataset.ts';
import { contaminated, type Contamination } from '../../activities/curation/decontaminate.ts';
import { nearDuplicatesAmong, type NearDuplicate, type Shingled } from '../../activities/curation/near-duplicates.ts';
import { NEAR_DUPLICATE } from '../../activities/curation/neighbours.ts';
import { readStatistics, type Statistics, type Texts } from '../../activities/curation/statistics.ts';
import type { Manifest } from '../../schemas/manifest.ts';
import { usdOf } from '../figures.ts';
import { datasetSource } from '../dataset-source.ts';
import { readHeldOutShingles } from './held-out.ts';

/** Pairs that are shown; the rest is counted. */
const EXAMPLES = 5;

/** Near-duplicates of one kind of text. */
export interface Duplicates {
  compared: number;
  nearDuplicates: number;
  /** Situation indexes. */
  examples: { situation: number; of: number; similarity: number }[];
}

export interface Curation {
  campaign: string;
  generation: number;
  fingerprint: string;
  simulated: string | null;
  model: string;
  planned: number;
  duplicates: number;
  outcomes: { converged: number; unconverged: number; refused: number; failed: number; overBudget: number; waiting: number };
  calls: number;
  usd: number;
  prices: { date: string | null; source: string | null } | null;
  situations: Statistics['situations'];
  versions: Statistics['versions'];
  revisions: Statistics['revisions'];
  edits: Statistics['edits'];
  textbooks: Statistics['textbooks'];
  values: Statistics['values'];
  nearDuplicates: {
    /** Jaccard similarity over runs of three words. */
    similarity: number;
    /** Situations that have ended without any version: no file holds their text. */
    withoutText: number;
    situations: Duplicates;
    plans: Duplicates;
  };
  contamination: {
    heldOut: string;
    heldOutSituations: number;
    trainSituations: number;
    /** Training situations that resemble a held-out one. */
    contaminated: number;
    /** `of`: index of the held-out situation where it is this dataset's, else its id. */
    examples: { situation: number; of: number | string; similarity: number }[];
  };
}

export interface CurationOptions {
  generation?: number | undefined;
  heldOut?: string | undefined;
  similarity?: number | undefined;
}

/** Reads a dataset of the store, or a pulled folder, and compares its texts. */
export async function readCuration(target: string, { generation, heldOut, similarity = NEAR_DUPLICATE }: CurationOptions): Promise<Curation> {
  const dataset = await Dataset.open(await datasetSource(target), target, generation);
  // a mistake in it should not show only after a long read
  const others = heldOut === undefined ? null : await readHeldOutShingles('--held-out', heldOut);
  const { statistics, texts } = await readStatistics(dataset);
  const { manifest } = dataset;
  const ended = manifest.pages.reduce((sum, page) => sum + page.situations - (page.outcomes.waiting ?? 0), 0);
  const duplicates = (of: readonly Shingled[]) => duplicatesOf(of, nearDuplicatesAmong(of, similarity), texts);
  return {
    ...aboutManifest(manifest),
    ...statistics,
    nearDuplicates: { similarity, withoutText: ended - texts.situations.length, situations: duplicates(texts.situations), plans: duplicates(texts.plans) },
    contamination: contaminationOf(texts, heldOut, others, similarity),
  };
}

function aboutManifest({ campaign, generation, fingerprint, simulated, model, planned, duplicates, outcomes, calls, nanoUsd, prices }: Manifest) {
  const { 'over-budget': overBudget, ...others } = outcomes;
  return { campaign, generation, fingerprint, simulated, model, planned, duplicates, outcomes: { ...others, overBudget }, calls, usd: usdOf(nanoUsd), prices: prices ?? null };
}

function duplicatesOf(compared: readonly Shingled[], found: readonly NearDuplicate[], { indexes }: Texts): Duplicates {
  const index = (id: string) => indexes.get(id) as number;
  return { compared: compared.length, nearDuplicates: found.length, examples: mostAlike(found).map(({ id, of, similarity }) => ({ situation: index(id), of: index(of), similarity })) };
}

function contaminationOf({ situations, indexes }: Texts, named: string | undefined, others: readonly Shingled[] | null, similarity: number): Curation['contamination'] {
  const training = situations.filter(({ split }) => split === 'train');
  const held = others ?? situations.filter(({ split }) => split !== 'train');
  const found = contaminated(training, held, similarity);
  const examples = mostAlike([...found].map(([id, contamination]): Contamination & { id: string } => ({ id, ...contamination })));
  return {
    heldOut: named ?? 'validation and test of this dataset',
    heldOutSituations: held.length,
    trainSituations: training.length,
    contaminated: found.size,
    examples: examples.map(({ id, heldOut, similarity: alike }) => ({ situation: indexes.get(id) as number, of: (others === null ? indexes.get(heldOut) : undefined) ?? heldOut, similarity: alike })),
  };
}

function mostAlike<Pair extends { similarity: number }>(pairs: readonly Pair[]): Pair[] {
  return pairs.toSorted((a, b) => b.similarity - a.similarity).slice(0, EXAMPLES);
}
