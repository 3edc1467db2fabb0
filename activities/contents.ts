import { closest } from 'fastest-levenshtein';
import { canonicalJson } from '../schemas/canonical.ts';
import type { ChapterRef, TextContents } from '../schemas/library.ts';

/** A chapter as a prompt shows it: one canonical JSON block, cached and counted as it stands. */
export function chapterBlock({ textbook, title, chapter }: Pick<ChapterRef, 'textbook' | 'title' | 'chapter'>, text: string): string {
  return canonicalJson({ chapter: { textbook, title, name: chapter, text } });
}

/** Tables of contents in the library's order, for the call that chooses. */
export function contentsOf(chapters: readonly ChapterRef[]): TextContents[] {
  const texts = new Map<string, TextContents>();
  for (const { textbook, title, chapter, tokens } of chapters) {
    const text = texts.get(textbook) ?? { textbook, title, chapters: [] };
    text.chapters.push({ name: chapter, tokens });
    texts.set(textbook, text);
  }
  return [...texts.values()];
}

/**
 * Indexes of the chosen chapters and of every chapter of the texts in `always`: ascending, each once. What the library does not
 * have becomes a fault, fit to be quoted to the model, naming the nearest that it has.
 */
export function resolveSelection(chapters: readonly ChapterRef[], chosen: readonly { textbook: string; chapter: string }[], always: readonly string[]): { chapters: number[]; faults: string[] } {
  const byText = new Map<string, Map<string, number>>();
  for (const [index, { textbook, chapter }] of chapters.entries()) byText.set(textbook, (byText.get(textbook) ?? new Map<string, number>()).set(chapter, index));
  const selected = new Set<number>();
  const faults: string[] = [];
  const nearest = (name: string, known: Iterable<string>) => closest(name, [...known]);
  for (const textbook of always) {
    const own = byText.get(textbook);
    if (own === undefined) faults.push(`always: there is no textbook "${textbook}"; the nearest is "${nearest(textbook, byText.keys())}"`);
    else for (const index of own.values()) selected.add(index);
  }
  for (const [i, { textbook, chapter }] of chosen.entries()) {
    const own = byText.get(textbook);
    const index = own?.get(chapter);
    if (index !== undefined) selected.add(index);
    else if (own === undefined) faults.push(`chosen.${i}.textbook: there is no textbook "${textbook}"; the nearest is "${nearest(textbook, byText.keys())}"`);
    else faults.push(`chosen.${i}.chapter: "${textbook}" has no chapter "${chapter}"; the nearest is "${nearest(chapter, own.keys())}"`);
  }
  return { chapters: [...selected].sort((a, b) => a - b), faults };
}
