import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative, resolve } from 'node:path';
import { isMap, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml';
import type { LibraryText } from '../infra/library/chapters.ts';
import { takeText } from '../infra/library/extract.ts';
import { extractedName, isExtracted, type Format } from '../infra/library/formats.ts';
import { isInside, readTextFile, TextFault } from '../infra/library/text-file.ts';
import { textbookOf } from '../infra/library.ts';
import { checkedAs } from '../infra/read-file.ts';
import { UsageError } from '../infra/usage-error.ts';
import { sha256Hex } from '../schemas/canonical.ts';
import { LibraryFile } from '../schemas/library.ts';

type Entry = LibraryFile['texts'][number];

const About = LibraryFile.shape.texts.element.pick({ title: true, licence: true, tags: true });

/**
 * Renews the hashes of every listed text, and the texts taken from EPUBs and PDFs; comments and order stay. Returns the files whose
 * hashes changed. @throws UsageError for a text that cannot be read, a file of the user's in the place of a text taken, or an entry
 * that no library.yaml may have: nothing is written then.
 */
export async function lockLibrary(folder: string): Promise<string[]> {
  const path = join(folder, 'library.yaml');
  const document = open(path);
  const changed: { file: string; taken: string | null }[] = [];
  const listed = entries(document, path);
  for (const [i, { file, entry }] of listed.entries()) {
    const field = `${path}: texts.${i}.file`;
    const { hashes, taken } = await read(folder, file, field);
    // what was taken from it before is written anew
    if (taken !== null) checkFree(field, folder, file, listed, entry.has('extracted') ? null : taken);
    const present = taken === null || textIn(join(folder, extractedName(file))) === taken;
    if (entry.get('sha256') === hashes.sha256 && entry.get('extracted') === hashes.extracted && present) continue;
    for (const [field, hash] of Object.entries(hashes)) entry.set(field, hash);
    changed.push({ file, taken });
  }
  checkedAs(path, document.toJS(), LibraryFile);
  for (const { file, taken } of changed) if (taken !== null) writeFileSync(join(folder, extractedName(file)), taken);
  if (changed.length > 0) writeFileSync(path, document.toString({ lineWidth: 0 }));
  return changed.map(({ file }) => file);
}

/**
 * Lists one more text, in a library.yaml that is made where there is none; one from elsewhere is copied in, and the text of an EPUB
 * or a PDF is kept beside it. @throws UsageError for a text that is missing, unreadable, or listed already, for a place that is taken,
 * and for an entry that no library.yaml may have: nothing is written then.
 */
export async function addText(source: string, folder: string, about: Pick<Entry, 'title' | 'licence' | 'tags'>): Promise<{ entry: Entry; text: LibraryText }> {
  if (!existsSync(source)) throw new UsageError(`TEXT: no such file: ${source}`);
  checkedAs('TEXT', about, About);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw new UsageError(`FOLDER: no such folder: ${folder}`);
  const path = join(folder, 'library.yaml');
  const document = existsSync(path) ? open(path) : parseDocument('texts: []\n');
  const inside = isInside(resolve(folder), resolve(source));
  const file = inside ? relative(resolve(folder), resolve(source)) : basename(source);
  const listed = entries(document, path);
  if (listed.some((other) => other.file === file)) throw new UsageError(`TEXT: "${file}" is listed in ${path} already; \`exemplar library lock ${folder}\` renews its hash`);
  const book = listed.find((other) => extractedName(other.file) === file);
  if (book?.entry.has('extracted') === true) throw new UsageError(`TEXT: "${file}" holds the text taken from "${book.file}", which is listed`);
  const namesake = listed.find((other) => textbookOf(other.file) === textbookOf(file));
  if (namesake !== undefined) throw new UsageError(`TEXT: ${path} has a textbook "${textbookOf(file)}" already, ${namesake.file}; rename the text`);
  const target = join(folder, file);
  if (!inside && existsSync(target)) throw new UsageError(`TEXT: ${target} exists already; rename the text`);
  // read where it lies: a text that cannot be read leaves nothing behind
  const { hashes, taken, text, format } = await read(inside ? folder : dirname(resolve(source)), file, 'TEXT');
  if (taken !== null) checkFree('TEXT', folder, file, listed, taken);
  const entry: Entry = { file, ...about, ...hashes };
  document.addIn(['texts'], document.createNode(entry));
  checkedAs(path, document.toJS(), LibraryFile);
  if (!inside) copyFileSync(source, target);
  if (taken !== null) writeFileSync(join(folder, extractedName(file)), taken);
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

/**
 * That a book's text can be kept beside it. `own`: what lies there already if it was taken from the same bytes; null: whatever lies there.
 * @throws UsageError where a file of another kind lies there, or is listed.
 */
function checkFree(field: string, folder: string, file: string, listed: readonly Listed[], own: string | null): void {
  const name = extractedName(file);
  if (listed.some((other) => other.file === name)) throw new UsageError(`${field}: "${name}", where the text of "${file}" would be kept, is listed itself; rename one of them`);
  const path = join(folder, name);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || (stat.isFile() && (own === null || textIn(path) === own))) return;
  throw new UsageError(`${field}: ${path} exists already, and the text of "${file}" would be kept there; rename one of them`);
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

interface Listed {
  /** As a path within the folder: `./a.md` is `a.md`. */
  file: string;
  entry: YAMLMap;
}

function entries(document: Document, path: string): Listed[] {
  const texts = document.get('texts');
  if (!isSeq(texts)) throw new UsageError(`${path}: texts: a list of { file, title, licence, tags, sha256 }`);
  return texts.items.map((item, i) => {
    if (!isMap(item)) throw new UsageError(`${path}: texts.${i}: { file, title, licence, tags, sha256 }`);
    const file = item.get('file');
    if (typeof file !== 'string' || file === '') throw new UsageError(`${path}: texts.${i}.file: a path relative to library.yaml is required`);
    return { file: normalize(file), entry: item };
  });
}
