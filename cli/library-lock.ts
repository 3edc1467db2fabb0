import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { isMap, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml';
import type { LibraryText } from '../infra/library/chapters.ts';
import { takeText } from '../infra/library/extract.ts';
import { extractedName, isExtracted, type Format } from '../infra/library/formats.ts';
import { isInside, readTextFile, TextFault } from '../infra/library/text-file.ts';
import { textbookOf } from '../infra/library.ts';
import { UsageError } from '../infra/usage-error.ts';
import { sha256Hex } from '../schemas/canonical.ts';
import type { LibraryFile } from '../schemas/library.ts';

type Entry = LibraryFile['texts'][number];

/**
 * Renews the hashes of every listed text, and the texts taken from EPUBs and PDFs; comments and order stay. Returns the files whose
 * hashes changed. @throws UsageError for a text that cannot be read: nothing is written then.
 */
export async function lockLibrary(folder: string): Promise<string[]> {
  const path = join(folder, 'library.yaml');
  const document = open(path);
  const changed: { file: string; taken: string | null }[] = [];
  for (const [i, entry] of entries(document, path).entries()) {
    const file = String(entry.get('file'));
    const { hashes, taken } = await read(folder, file, `${path}: texts.${i}.file`);
    const present = taken === null || textIn(join(folder, extractedName(file))) === taken;
    if (entry.get('sha256') === hashes.sha256 && entry.get('extracted') === hashes.extracted && present) continue;
    for (const [field, hash] of Object.entries(hashes)) entry.set(field, hash);
    changed.push({ file, taken });
  }
  for (const { file, taken } of changed) if (taken !== null) writeFileSync(join(folder, extractedName(file)), taken);
  if (changed.length > 0) writeFileSync(path, document.toString({ lineWidth: 0 }));
  return changed.map(({ file }) => file);
}

/**
 * Lists one more text, in a library.yaml that is made where there is none; one from elsewhere is copied in, and the text of an EPUB
 * or a PDF is kept beside it. @throws UsageError for a text that is missing, unreadable, or listed already: nothing is written then.
 */
export async function addText(source: string, folder: string, about: Pick<Entry, 'title' | 'licence' | 'tags'>): Promise<{ entry: Entry; text: LibraryText }> {
  if (!existsSync(source)) throw new UsageError(`TEXT: no such file: ${source}`);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw new UsageError(`FOLDER: no such folder: ${folder}`);
  const path = join(folder, 'library.yaml');
  const document = existsSync(path) ? open(path) : parseDocument('texts: []\n');
  const inside = isInside(resolve(folder), resolve(source));
  const file = inside ? relative(resolve(folder), resolve(source)) : basename(source);
  const listed = entries(document, path).map((entry) => String(entry.get('file')));
  if (listed.includes(file)) throw new UsageError(`TEXT: "${file}" is listed in ${path} already; \`exemplar library lock ${folder}\` renews its hash`);
  const namesake = listed.find((other) => textbookOf(other) === textbookOf(file));
  if (namesake !== undefined) throw new UsageError(`TEXT: ${path} has a textbook "${textbookOf(file)}" already, ${namesake}; rename the text`);
  const target = join(folder, file);
  if (!inside && existsSync(target)) throw new UsageError(`TEXT: ${target} exists already; rename the text`);
  // read where it lies: a text that cannot be read leaves nothing behind
  const { hashes, taken, text, format } = await read(inside ? folder : dirname(resolve(source)), file, 'TEXT');
  if (!inside) copyFileSync(source, target);
  if (taken !== null) writeFileSync(join(folder, extractedName(file)), taken);
  const entry: Entry = { file, ...about, ...hashes };
  document.addIn(['texts'], document.createNode(entry));
  writeFileSync(path, document.toString({ lineWidth: 0 }));
  return { entry, text: { textbook: textbookOf(file), title: about.title, licence: about.licence, tags: about.tags, text, plain: format === 'plain' } };
}

interface Read {
  hashes: Pick<Entry, 'sha256' | 'extracted'>;
  format: Format;
  text: string;
  /** The text again where the format asks that it is kept beside the file. */
  taken: string | null;
}

async function read(folder: string, file: string, field: string): Promise<Read> {
  try {
    const { bytes, format } = readTextFile(folder, file);
    const text = await takeText(file, format, bytes);
    const taken = isExtracted(format) ? text : null;
    return { hashes: { sha256: sha256Hex(bytes), ...(taken === null ? {} : { extracted: sha256Hex(taken) }) }, format, text, taken };
  } catch (error) {
    if (error instanceof TextFault) throw new UsageError(`${field}: ${error.message}`, { cause: error });
    throw error;
  }
}

function textIn(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

function open(path: string): Document {
  if (!existsSync(path)) throw new UsageError(`${path}: no such file`);
  const document = parseDocument(readFileSync(path, 'utf8'));
  const [error] = document.errors;
  if (error !== undefined) throw new UsageError(`${path}: not YAML: ${error.message.split('\n')[0] ?? ''}`);
  return document;
}

function entries(document: Document, path: string): YAMLMap[] {
  const texts = document.get('texts');
  if (!isSeq(texts)) throw new UsageError(`${path}: texts: a list of { file, title, licence, tags, sha256 }`);
  return texts.items.map((item, i) => {
    if (!isMap(item)) throw new UsageError(`${path}: texts.${i}: { file, title, licence, tags, sha256 }`);
    return item;
  });
}
