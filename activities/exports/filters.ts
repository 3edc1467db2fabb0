import { likeness, situationText } from '../curation/decontaminate.ts';
import type { Shingled } from '../curation/near-duplicates.ts';
import { wordShingles } from '../curation/shingles.ts';
import type { Story } from './source.ts';

/**
 * Decides over a converged situation before a view sees it: null lets it through, else the reason, in camelCase, that it is counted under
 * as dropped. Such a filter may remember earlier situations; they come in the manifest's order.
 */
export type StoryFilter = (story: Story) => string | null;

/** The first reason that a filter names. */
export function refusal(filters: readonly StoryFilter[], story: Story): string | null {
  for (const filter of filters) {
    const reason = filter(story);
    if (reason !== null) return reason;
  }
  return null;
}

/** Leaves out training situations that resemble a held-out one. */
export function decontaminating(heldOut: readonly Shingled[]): StoryFilter {
  const resembled = likeness(heldOut);
  return ({ situation, versions }) => {
    const [version] = versions;
    if (situation.split !== 'train' || version === undefined) return null;
    const text = situationText({ initial: version.row.initial_state, target: version.row.target_state });
    return resembled({ shingles: wordShingles(text) }) === null ? null : 'contaminated';
  };
}
