import { extname } from 'node:path';
import { compressors } from 'hyparquet-compressors';
import { parquetReadObjects } from 'hyparquet';
import { z } from 'zod';
import { SituationContent, SituationFile } from '../schemas/situation.ts';
import { checkedAs, readBytes, readDocument, readFileAs, readText } from './read-file.ts';
import { checkedPlace } from './situation-world.ts';
import { UsageError } from './usage-error.ts';

/** A situation is a page of text at most; characters. */
const LONGEST_LINE = 1 << 20;
/** Most that a page of Parquet may unpack to, bytes. */
const LARGEST_PAGE = 256 << 20;

/** A column of nulls has pages without a byte, which some of the codecs do not expect. */
const CODECS = Object.fromEntries(
  Object.entries(compressors).map(([name, inflate]) => [name, (input: Uint8Array, length: number) => (length === 0 ? new Uint8Array() : inflate(input, bounded(length)))]),
);

function bounded(length: number): number {
  if (length > LARGEST_PAGE) throw new Error(`a page unpacks to ${length} bytes; at most ${LARGEST_PAGE} are allowed`);
  return length;
}

type Read = (path: string, most: number) => Promise<SituationContent[]>;

const wholeFile: Read = (path, most) => {
  const { situations } = readFileAs(path, SituationFile);
  return Promise.resolve(situations.slice(0, most).map((each, i) => checkedPlace(`${path}: situations.${i}`, each)));
};

/** Files that are read as one document. */
const DOCUMENTS = ['.yaml', '.yml', '.json'];
const FileOrOne = z.union([SituationFile, SituationContent]);

const READERS: Record<string, Read> = {
  ...Object.fromEntries(DOCUMENTS.map((extension) => [extension, wholeFile])),
  '.jsonl': (path, most) => Promise.resolve(readLines(path, most)),
  '.ndjson': (path, most) => Promise.resolve(readLines(path, most)),
  '.parquet': readRows,
};

/**
 * The first situations of a file, by its extension: YAML or JSON with a list `situations`, or one situation a line of JSON lines or a
 * row of Parquet. `field` names the file in messages.
 * @throws UsageError, one line: the line or row (counted from 1), the field, and what is allowed there.
 */
export async function readSituationFile(field: string, path: string, most = Infinity): Promise<SituationContent[]> {
  const read = READERS[extensionOf(path)];
  if (read === undefined) throw new UsageError(`${field}: cannot read "${path}"; allowed: files ending in ${Object.keys(READERS).join(', ')}`);
  const situations = await read(path, most);
  if (situations.length === 0) throw new UsageError(`${path}: holds no situation`);
  return situations;
}

/**
 * The same, where a person writes the file for one look: YAML and JSON may also hold one situation alone, or a bare list of them.
 * @throws UsageError as `readSituationFile` does.
 */
export async function readSituations(field: string, path: string): Promise<SituationContent[]> {
  if (!DOCUMENTS.includes(extensionOf(path))) return await readSituationFile(field, path);
  const document = readDocument(path);
  const given = checkedAs(path, Array.isArray(document) ? { situations: document } : document, FileOrOne);
  if (!('situations' in given)) return [checkedPlace(path, given)];
  return given.situations.map((each, i) => checkedPlace(`${path}: situations.${i}`, each));
}

const extensionOf = (path: string) => extname(path).toLowerCase();

/** JSON lines; blank lines count, but hold nothing. */
function readLines(path: string, most: number): SituationContent[] {
  const situations: SituationContent[] = [];
  const lines = readText(path).split('\n');
  for (const [i, line] of lines.entries()) {
    if (situations.length >= most) break;
    if (line.length > LONGEST_LINE) throw new UsageError(`${path}: line ${i + 1}: has ${line.length} characters; at most ${LONGEST_LINE} are allowed`);
    if (line.trim() !== '') situations.push(situationAt(`${path}: line ${i + 1}`, (where) => parseLine(where, line)));
  }
  return situations;
}

/** @throws UsageError for what is no situation, or has no place in the world that it names. */
function situationAt(where: string, read: (where: string) => unknown): SituationContent {
  return checkedPlace(where, checkedAs(where, read(where), SituationContent));
}

function parseLine(where: string, line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new UsageError(`${where}: not JSON: ${(error as Error).message.split('\n')[0]}`);
  }
}

/** Parquet: a column a field. A null is a field left out; `horizon` is a list of strings or `hours/days`. */
async function readRows(path: string, most: number): Promise<SituationContent[]> {
  const bytes = readBytes(path);
  // a Buffer may lie within a larger pool
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  let rows: Record<string, unknown>[];
  try {
    rows = await parquetReadObjects({ file, compressors: CODECS, parsers: { stringFromBytes }, ...(most === Infinity ? {} : { rowEnd: most }) });
  } catch (error) {
    throw new UsageError(`${path}: not Parquet: ${(error as Error).message.split('\n')[0]}`);
  }
  return rows.map((row, i) => situationAt(`${path}: row ${i + 1}`, (where) => plain(where, row)));
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Bytes that are no text stay bytes: the row that holds them is known later. */
function stringFromBytes(bytes: Uint8Array | undefined): string | Uint8Array | undefined {
  try {
    return bytes === undefined ? undefined : UTF8.decode(bytes);
  } catch {
    return bytes;
  }
}

/** The value as JSON would have it: without nulls in objects, whole numbers as numbers. @throws UsageError for bytes. */
function plain(where: string, value: unknown, field: readonly string[] = []): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) throw new UsageError(`${where}: ${field.join('.')}: not UTF-8 text`);
  if (Array.isArray(value)) return value.map((each, i) => plain(where, each, [...field, String(i)]));
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, each]) => (each === null || each === undefined ? [] : [[key, plain(where, each, [...field, key])]])));
}
