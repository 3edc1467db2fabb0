import { NEAR_DUPLICATE, Neighbours, ShingleCounts } from './neighbours.ts';
import type { Shingled } from './near-duplicates.ts';
import { wordShingles } from './shingles.ts';

/** What of a situation is compared. */
export interface SituationText {
  situation_id: string;
  initial: string;
  target: string | null;
}

/** Why a training situation must not be trained on where the held-out ones are to judge. */
export interface Contamination {
  /** The held-out situation that it resembles most. */
  heldOut: string;
  /** Jaccard similarity over runs of three words, in [threshold, 1]. */
  similarity: number;
  /** The same in words. */
  reason: string;
}

/** A situation as near-duplicates of it are looked for. */
export function situationText({ initial, target }: Pick<SituationText, 'initial' | 'target'>): string {
  return target === null ? initial : `${initial}\n${target}`;
}

/**
 * The training situations that are near-duplicates of held-out ones, by id; equal ones among them. Exact: none that is similar enough is
 * missed, and the order of either side changes nothing but which of equally similar held-out ones is named, the first.
 */
export function decontaminate(training: Iterable<SituationText>, heldOut: Iterable<SituationText>, threshold = NEAR_DUPLICATE): Map<string, Contamination> {
  return contaminated(shingled(training), [...shingled(heldOut)], threshold);
}

/** The same for situations whose shingles are known. */
export function contaminated(training: Iterable<Shingled>, heldOut: readonly Shingled[], threshold = NEAR_DUPLICATE): Map<string, Contamination> {
  const resembled = likeness(heldOut, threshold);
  const found = new Map<string, Contamination>();
  for (const each of training) {
    const contamination = resembled(each);
    if (contamination !== null) found.set(each.id, contamination);
  }
  return found;
}

/** Tells of one situation after another which held-out one it resembles most, null where none is similar enough. */
export function likeness(heldOut: readonly Shingled[], threshold = NEAR_DUPLICATE): (situation: Pick<Shingled, 'shingles'>) => Contamination | null {
  const counts = new ShingleCounts();
  // rare among the held-out ones is what tells them apart
  for (const { shingles } of heldOut) counts.add(shingles);
  const neighbours = new Neighbours(counts, threshold);
  for (const { shingles } of heldOut) neighbours.add(shingles);
  return ({ shingles }) => {
    const like = neighbours.nearest(shingles);
    if (like === null) return null;
    const { id: other } = heldOut[like.at] as Shingled;
    return { heldOut: other, similarity: like.similarity, reason: `resembles the held-out situation ${other.slice(0, 12)} (similarity ${like.similarity.toFixed(2)})` };
  };
}

/** Situations by their runs of words. */
export function* shingled(situations: Iterable<SituationText>): Generator<Shingled> {
  for (const situation of situations) yield { id: situation.situation_id, shingles: wordShingles(situationText(situation)) };
}
