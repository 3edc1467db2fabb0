import { NEAR_DUPLICATE, Neighbours, ShingleCounts } from './neighbours.ts';
import { wordShingles } from './shingles.ts';

/** A text and what to call it. */
export interface NamedText {
  id: string;
  text: string;
}

/** A text that resembles an earlier one. */
export interface NearDuplicate {
  id: string;
  /** The earlier text. */
  of: string;
  /** Jaccard similarity over runs of three words, in [threshold, 1]. */
  similarity: number;
}

/** A text by its runs of words. */
export interface Shingled {
  id: string;
  shingles: Uint32Array;
}

/**
 * The texts that resemble an earlier one which itself resembles none before it: what is left when they are dropped has no near-duplicates.
 * In order; the same texts give the same answer.
 */
export function nearDuplicates(texts: Iterable<NamedText>, threshold = NEAR_DUPLICATE): NearDuplicate[] {
  return nearDuplicatesAmong(Array.from(texts, ({ id, text }) => ({ id, shingles: wordShingles(text) })), threshold);
}

/** The same for texts whose shingles are known. */
export function nearDuplicatesAmong(texts: readonly Shingled[], threshold = NEAR_DUPLICATE): NearDuplicate[] {
  const counts = new ShingleCounts();
  for (const { shingles } of texts) counts.add(shingles);
  const kept = new Neighbours(counts, threshold);
  const names: string[] = [];
  return texts.flatMap(({ id, shingles }) => {
    const like = kept.nearest(shingles);
    if (like !== null) return [{ id, of: names[like.at] as string, similarity: like.similarity }];
    kept.add(shingles);
    names.push(id);
    return [];
  });
}
