import { chapterBlock } from '../../activities/contents.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import type { ChapterRef } from '../../schemas/library.ts';
import { pack, recut, type Piece } from './cut.ts';
import { chapterNames } from './names.ts';
import { sectionsOf, type Section } from './sections.ts';

/** A whole text of a library, checked and taken from its file. */
export interface LibraryText {
  /** The file's base name without its extension: no two texts share it. */
  textbook: string;
  title: string;
  licence: string;
  tags: string[];
  text: string;
  /** Plain text has no headings but lines such as `Chapter 3`. */
  plain: boolean;
}

export interface Chapter extends ChapterRef {
  text: string;
}

/** Tokens of one block by the provider's own counter; null where it has none. */
export type CountTokens = (block: string) => Promise<number | null>;

/** UTF-8 bytes a token in usual prose: where the first cut is made, before anything is counted. */
export const USUAL_BYTES_A_TOKEN = 3.5;
/** UTF-8 bytes a token, at least, where there is no counter. */
const FEWEST_BYTES_A_TOKEN = 2;

/** Chapters by size alone, for lists and estimates: a campaign's are settled with the provider's counts. */
export function sketchChapters(texts: readonly LibraryText[], limit: number): Chapter[] {
  return texts.flatMap((text) => {
    const sections = sectionsOf(text.text, text.plain);
    return chaptersOf(text, sections, pack(text.text, sections, limit * USUAL_BYTES_A_TOKEN)).map(uncounted);
  });
}

/**
 * Chapters of at most `limit` tokens each, in order. Cut by size, counted, and cut anew where one is too long: the same texts and
 * counts give the same chapters. Without a counter the bound of two bytes a token stands in, and `counted` is false.
 */
export async function settleChapters(texts: readonly LibraryText[], limit: number, count: CountTokens | null): Promise<Chapter[]> {
  return (await Promise.all(texts.map((text) => settle(text, limit, count)))).flat();
}

/** A campaign's own chapters with their texts, where they are a cut of these texts: it keeps them, whatever a counter says today. */
export function keptChapters(texts: readonly LibraryText[], known: readonly ChapterRef[]): Chapter[] | null {
  const kept: Chapter[] = [];
  for (const { textbook, title, licence, text } of texts) {
    let at = 0;
    for (const ref of known) {
      if (ref.textbook !== textbook) continue;
      const part = text.slice(at, at + ref.chars);
      if (ref.title !== title || sha256Hex(part) !== ref.sha256) return null;
      kept.push({ ...ref, licence, text: part });
      at += ref.chars;
    }
    if (at !== text.length) return null;
  }
  return kept.length === known.length ? kept : null;
}

async function settle(text: LibraryText, limit: number, count: CountTokens | null): Promise<Chapter[]> {
  const sections = sectionsOf(text.text, text.plain);
  let pieces = pack(text.text, sections, limit * (count === null ? FEWEST_BYTES_A_TOKEN : USUAL_BYTES_A_TOKEN));
  for (;;) {
    const chapters = await Promise.all(chaptersOf(text, sections, pieces).map((chapter) => countChapter(chapter, count)));
    const next = recut(text.text, sections, pieces, chapters.map(({ tokens }) => tokens), limit);
    if (next.length === pieces.length) return chapters;
    pieces = next;
  }
}

function chaptersOf({ textbook, title, licence, text }: LibraryText, sections: readonly Section[], pieces: readonly Piece[]): Omit<Chapter, 'tokens' | 'counted'>[] {
  const names = chapterNames(sections, pieces);
  return pieces.map(({ from, to }, i) => {
    const part = text.slice(from, to);
    return { textbook, title, licence, chapter: names[i] as string, sha256: sha256Hex(part), chars: part.length, text: part };
  });
}

async function countChapter(chapter: Omit<Chapter, 'tokens' | 'counted'>, count: CountTokens | null): Promise<Chapter> {
  const tokens = count === null ? null : await count(chapterBlock(chapter, chapter.text));
  return tokens === null ? uncounted(chapter) : { ...chapter, tokens, counted: true };
}

function uncounted(chapter: Omit<Chapter, 'tokens' | 'counted'>): Chapter {
  return { ...chapter, tokens: Math.ceil(Buffer.byteLength(chapterBlock(chapter, chapter.text)) / FEWEST_BYTES_A_TOKEN), counted: false };
}
