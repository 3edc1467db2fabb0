import { existsSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { sha256Hex } from '../schemas/canonical.ts';
import { LibraryFile } from '../schemas/library.ts';
import type { LibraryText } from './library/chapters.ts';
import { extractedName, isExtracted } from './library/formats.ts';
import { takeText } from './library/extract.ts';
import { readTextFile, TextFault } from './library/text-file.ts';
import { readFileAs } from './read-file.ts';
import { UsageError } from './usage-error.ts';

type Entry = LibraryFile['texts'][number];

/**
 * Every text of a library: only listed ones whose bytes match their hash. Of an EPUB or a PDF, the text that was taken from it when
 * it was listed, so that another version of a reader does not change what a campaign is shown; taken anew where `extracted` is not
 * listed.
 * @throws UsageError, one line: the text that is missing, changed, unreadable, outside the library, or named like another.
 */
export async function readLibrary(folder: string): Promise<{ file: LibraryFile; texts: LibraryText[] }> {
  const path = join(folder, 'library.yaml');
  const file = readFileAs(path, LibraryFile);
  const texts: LibraryText[] = [];
  for (const [i, entry] of file.texts.entries()) {
    const text = await named(`${path}: texts.${i}`, () => readText(folder, entry));
    if (texts.some(({ textbook }) => textbook === text.textbook)) throw new UsageError(`${path}: texts.${i}.file: there are two textbooks "${text.textbook}"; rename "${entry.file}"`);
    texts.push(text);
  }
  return { file, texts };
}

/** The name by which prompts, the dataset and `library.always` know a text. */
export const textbookOf = (file: string) => basename(file, extname(file));

/** Folder of a library given as a folder or as its library.yaml. */
export const libraryFolder = (path: string) => (path.endsWith('.yaml') ? dirname(path) : path);

async function readText(folder: string, { file, title, licence, tags, sha256, extracted }: Entry): Promise<LibraryText> {
  const { bytes, format } = readTextFile(folder, file);
  const about = { textbook: textbookOf(file), title, licence, tags };
  checkHash(folder, 'sha256', file, bytes, sha256);
  if (extracted === undefined || !isExtracted(format)) return { ...about, text: await takeText(file, format, bytes), plain: format === 'plain' };
  const name = extractedName(file);
  if (!existsSync(join(folder, name))) throw new TextFault(`"${name}", the text taken from "${file}", is missing: run \`exemplar library lock ${folder}\``, 'extracted');
  const taken = readTextFile(folder, name).bytes;
  checkHash(folder, 'extracted', name, taken, extracted);
  return { ...about, text: await takeText(name, 'markdown', taken), plain: false };
}

function checkHash(folder: string, field: TextFault['field'], file: string, bytes: Uint8Array, listed: string): void {
  const sha256 = sha256Hex(bytes);
  if (sha256 !== listed) throw new TextFault(`"${file}" has ${sha256}; if you changed it on purpose, run \`exemplar library lock ${folder}\``, field);
}

/** Names the field before what is wrong with it. */
async function named<T>(entry: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof TextFault) throw new UsageError(`${entry}.${error.field}: ${error.message}`, { cause: error });
    throw error;
  }
}
