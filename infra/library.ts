import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, extname, join, relative } from 'node:path';
import { sha256Hex } from '../schemas/canonical.ts';
import { LibraryFile, type ChapterRef } from '../schemas/library.ts';
import { readFileAs } from './read-file.ts';
import { UsageError } from './usage-error.ts';

/** Longest chapter shown to the model, characters; longer texts are cut at their headings. */
export const LONGEST_CHAPTER = 200_000;

export interface Chapter extends ChapterRef {
  text: string;
}

/**
 * Every chapter of a library: only listed texts whose bytes match their hash.
 * @throws UsageError naming the text that is missing, changed, or outside the library.
 */
export function readLibrary(folder: string): { file: LibraryFile; chapters: Chapter[] } {
  const path = join(folder, 'library.yaml');
  const file = readFileAs(path, LibraryFile);
  const chapters = file.texts.flatMap((entry, i) => {
    const textPath = join(folder, entry.file);
    if (!existsSync(textPath)) throw new UsageError(`${path}: texts.${i}.file: "${entry.file}" does not exist in ${folder}`);
    if (relative(realpathSync(folder), realpathSync(textPath)).startsWith('..')) {
      throw new UsageError(`${path}: texts.${i}.file: "${entry.file}" lies outside the library`);
    }
    const bytes = readFileSync(textPath);
    const sha256 = sha256Hex(bytes);
    if (sha256 !== entry.sha256) {
      throw new UsageError(`${path}: texts.${i}.sha256: "${entry.file}" has ${sha256}; if you changed it on purpose, run \`exemplar library lock ${folder}\``);
    }
    return cut(bytes.toString('utf8')).map(({ name, text }): Chapter => ({
      textbook: basename(entry.file, extname(entry.file)),
      title: entry.title,
      licence: entry.licence,
      chapter: name,
      sha256: sha256Hex(text),
      chars: text.length,
      text,
    }));
  });
  return { file, chapters };
}

/** The whole text where it is short enough, else its `## ` sections, gathered up to the longest chapter allowed. */
export function cut(text: string, longest = LONGEST_CHAPTER): { name: string; text: string }[] {
  if (text.length <= longest) return [{ name: 'whole', text }];
  const sections = text.split(/^(?=## )/m).flatMap((section) => hardCut(section, longest));
  const chapters: string[] = [];
  for (const section of sections) {
    const last = chapters.at(-1);
    if (last !== undefined && last.length + section.length <= longest) chapters[chapters.length - 1] = last + section;
    else chapters.push(section);
  }
  return chapters.map((chapter, i) => ({ name: `part ${i + 1}`, text: chapter }));
}

function hardCut(section: string, longest: number): string[] {
  const pieces: string[] = [];
  for (let rest = section; rest.length > 0; ) {
    const paragraph = rest.lastIndexOf('\n\n', longest - 2);
    const at = rest.length <= longest ? rest.length : paragraph > 0 ? paragraph + 2 : longest;
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at);
  }
  return pieces;
}

export const libraryFolder = (path: string) => (path.endsWith('.yaml') ? dirname(path) : path);
