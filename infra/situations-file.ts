import { extname } from 'node:path';
import { compressors } from 'hyparquet-compressors';
import { parquetReadObjects } from 'hyparquet';
import { SituationContent, SituationFile } from '../schemas/situation.ts';
import { checkedAs, readBytes, readFileAs } from './read-file.ts';
import { UsageError } from './usage-error.ts';

/** A column of nulls has pages without a byte, which some of the codecs do not expect. */
const CODECS = Object.fromEntries(
  Object.entries(compressors).map(([name, inflate]) => [name, (input: Uint8Array, length: number) => (length === 0 ? new Uint8Array() : inflate(input, length))]),
);

type Read = (path: string, most: number) => Promise<SituationContent[]>;

const wholeFile: Read = (path, most) => Promise.resolve(readFileAs(path, SituationFile).situations.slice(0, most));

const READERS: Record<string, Read> = {
  '.yaml': wholeFile,
  '.yml': wholeFile,
  '.json': wholeFile,
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
  const read = READERS[extname(path).toLowerCase()];
  if (read === undefined) throw new UsageError(`${field}: cannot read "${path}"; allowed: files ending in ${Object.keys(READERS).join(', ')}`);
  const situations = await read(path, most);
  if (situations.length === 0) throw new UsageError(`${path}: holds no situation`);
  return situations;
}

/** JSON lines; blank lines count, but hold nothing. */
function readLines(path: string, most: number): SituationContent[] {
  const situations: SituationContent[] = [];
  const lines = readBytes(path).toString('utf8').replace(/^\uFEFF/, '').split('\n');
  for (const [i, line] of lines.entries()) {
    if (situations.length >= most) break;
    if (line.trim() !== '') situations.push(checkedAs(`${path}: line ${i + 1}`, parseLine(`${path}: line ${i + 1}`, line), SituationContent));
  }
  return situations;
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
    rows = await parquetReadObjects({ file, compressors: CODECS, ...(most === Infinity ? {} : { rowEnd: most }) });
  } catch (error) {
    throw new UsageError(`${path}: not Parquet: ${(error as Error).message.split('\n')[0]}`);
  }
  return rows.map((row, i) => checkedAs(`${path}: row ${i + 1}`, plain(row), SituationContent));
}

/** The value as JSON would have it: without nulls in objects, whole numbers as numbers. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, each]) => (each === null || each === undefined ? [] : [[key, plain(each)]])));
}
