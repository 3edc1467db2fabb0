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
