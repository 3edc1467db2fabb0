import type { ChapterRef } from '../schemas/library.ts';

/** Some models cache no shorter prefix, tokens: https://platform.claude.com/docs/en/build-with-claude/prompt-caching */
const LEAST_CACHED_TOKENS = 4_096;
/** What the rules before a chapter have at least, tokens. */
const RULES_TOKENS = 800;
const ENOUGH = LEAST_CACHED_TOKENS - RULES_TOKENS;

/**
 * The chapters that are shown together with one, in the campaign's order: itself alone where it is long enough to be cached, else a run
 * of short ones that are long enough together, so that they share one cached prefix.
 */
export function shelfOf(chapters: readonly ChapterRef[], chapter: ChapterRef): ChapterRef[] {
  const at = chapters.findIndex((each) => each.textbook === chapter.textbook && each.chapter === chapter.chapter);
  const shelf = shelves(chapters).find((each) => each.includes(at)) ?? [at];
  return shelf.map((i) => (i === at ? chapter : (chapters[i] as ChapterRef)));
}

/** How a step names the chapter that it is about; null where only one is shown. */
export function nameOnShelf(chapters: readonly ChapterRef[], chapter: ChapterRef | null): { textbook: string; name: string } | null {
  return chapter === null || shelfOf(chapters, chapter).length < 2 ? null : { textbook: chapter.textbook, name: chapter.chapter };
}

function shelves(chapters: readonly Pick<ChapterRef, 'tokens'>[]): number[][] {
  const shelved: number[][] = [];
  let open: number[] = [];
  const tokens = (shelf: number[]) => shelf.reduce((sum, i) => sum + (chapters[i]?.tokens ?? 0), 0);
  for (const [i, chapter] of chapters.entries()) {
    // records older than the counting of chapters say 0
    if (chapter.tokens === 0 || chapter.tokens >= ENOUGH) continue;
    open.push(i);
    if (tokens(open) < ENOUGH) continue;
    shelved.push(open);
    open = [];
  }
  const last = shelved.pop();
  // the rest finds room with the last ones
  return [...shelved, ...(last === undefined && open.length === 0 ? [] : [[...(last ?? []), ...open]])];
}
