import { canonicalJson, contentHash } from '../schemas/canonical.ts';
import type { Situation, SituationContent } from '../schemas/situation.ts';

/** A campaign's situations, in index order. */
export interface Listing {
  situations: Situation[];
  /** Situations dropped because an earlier one says the same. */
  duplicates: number;
}

/** Indexes are given after de-duplication, in order. */
export function listed(contents: readonly SituationContent[]): Listing {
  const seen = new Set<string>();
  const situations: Situation[] = [];
  let duplicates = 0;
  for (const content of contents) {
    const id = contentHash(content);
    if (seen.has(id)) duplicates += 1;
    else situations.push({ id, index: situations.length, root: content.parent?.situation ?? id, ...content });
    seen.add(id);
  }
  return { situations, duplicates };
}

/** The listing as it is stored: JSON lines, one situation a line. */
export function listingText(situations: readonly Situation[]): string {
  return situations.map((situation) => `${canonicalJson(situation)}\n`).join('');
}
