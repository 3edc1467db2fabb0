import { DataType, makeVector, RecordBatchFileReader, type Data, type Field, type RecordBatch, type Schema, type Vector } from 'apache-arrow';
import { registerCodecs } from './codec.ts';

/** What an Arrow IPC file begins and ends with. */
const MAGIC = 'ARROW1';

/** The rows of one record batch, read by the column. */
export interface Batch<Row> {
  length: number;
  /** The values of a column: lists are arrays, int64 bigints, structs objects; absent values null. */
  column<Name extends keyof Row & string>(name: Name): Row[Name][];
  /** Lengths of a column's lists, whose items are not looked at. */
  lengths(name: keyof Row & string): number[];
  rows(): Row[];
  /** Rows of these columns alone. */
  rows<Name extends keyof Row & string>(names: readonly Name[]): Pick<Row, Name>[];
}

/** An Arrow IPC file, of which nothing but its footer has been read. */
export interface ArrowBatches<Row> {
  schema: Schema;
  /** Record batches in order; one is in memory at a time. Throws an Error where one cannot be read. */
  batches: () => Generator<Batch<Row>>;
}

/**
 * Opens an Arrow IPC file to be read batch by batch. `columns` names those that will be asked for: the others are not unpacked. Throws an
 * Error that says in a line why the bytes cannot be read.
 */
export async function openBatches<Row = Record<string, unknown>>(bytes: Uint8Array, columns?: readonly (keyof Row & string)[]): Promise<ArrowBatches<Row>> {
  await registerCodecs();
  requireMagic(bytes);
  const reader = clearly(() => RecordBatchFileReader.from(bytes).open() as FileReader);
  if (columns !== undefined) unpackOnly(reader, new Set(columns));
  return {
    schema: reader.schema,
    *batches() {
      for (let i = 0; i < reader.numRecordBatches; i++) {
        const batch = clearly(() => reader.readRecordBatch(i));
        if (batch === null) throw new Error(`record batch ${i} is not where the footer says`);
        yield columnar<Row>(batch);
      }
    },
  };
}

type FileReader = RecordBatchFileReader & { readRecordBatch(index: number): RecordBatch | null };

function requireMagic(bytes: Uint8Array): void {
  const text = (from: number, to?: number) => new TextDecoder('latin1').decode(bytes.subarray(from, to));
  if (text(0, MAGIC.length) !== MAGIC) throw new Error(`it does not begin with ${MAGIC}`);
  if (text(-MAGIC.length) !== MAGIC || bytes.length < 24) throw new Error(`it is cut short: it does not end with ${MAGIC}`);
}

/** apache-arrow tells of bytes that are wrong by whatever comes to pass then. */
function clearly<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`it is damaged: ${message.split('\n')[0]}`, { cause: error });
  }
}

function columnar<Row>(batch: RecordBatch): Batch<Row> {
  const of = (name: string): Vector => {
    const vector: Vector | null = batch.getChild(name);
    if (vector === null) throw new TypeError(`there is no column ${name}`);
    return vector;
  };
  return {
    length: batch.numRows,
    column: (name) => clearly(() => valuesOf(of(name)) as Row[typeof name][]),
    lengths: (name) => clearly(() => offsetsOf(of(name)).slice(1).map((end, i, ends) => end - (i === 0 ? 0 : (ends[i - 1] as number)))),
    rows: ((names: readonly string[] = batch.schema.names as string[]) => clearly(() => zipped(names.map((name) => [name, valuesOf(of(name))]), batch.numRows))) as Batch<Row>['rows'],
  };
}

function valuesOf(vector: Vector): unknown[] {
  const type = vector.type as DataType;
  const rows = vector.length;
  if (DataType.isList(type)) {
    const items = valuesOf(makeVector(chunk(vector).children[0] as Data));
    const ends = offsetsOf(vector);
    return Array.from({ length: rows }, (_, i) => (vector.isValid(i) ? items.slice(ends[i], ends[i + 1]) : null));
  }
  if (DataType.isStruct(type)) {
    const fields = type.children.map(({ name }, i): [string, unknown[]] => [name, valuesOf(makeVector(chunk(vector).children[i] as Data))]);
    return vector.nullCount === 0 ? zipped(fields, rows) : zipped(fields, rows).map((row, i) => (vector.isValid(i) ? row : null));
  }
  return Array.from({ length: rows }, (_, i): unknown => vector.get(i) ?? null);
}

function zipped(columns: readonly [string, unknown[]][], rows: number): object[] {
  const made: Record<string, unknown>[] = Array.from({ length: rows }, () => ({}));
  for (const [name, values] of columns) for (let i = 0; i < rows; i++) (made[i] as Record<string, unknown>)[name] = values[i];
  return made;
}

/** Where the items of each list end; the first begins at the first number. */
function offsetsOf(vector: Vector): number[] {
  return [...(chunk(vector).valueOffsets as Int32Array).subarray(0, vector.length + 1)];
}

/** A column of a record batch is one piece. */
function chunk(vector: Vector): Data {
  return vector.data[0] as Data;
}

/** Buffers of a column as IPC lays them out, in pre-order. */
function buffersOf({ type }: Field): number {
  const kind = type as DataType;
  if (DataType.isList(kind)) return 2 + buffersOf(kind.valueField);
  if (DataType.isStruct(kind)) return kind.children.reduce((sum, child) => sum + buffersOf(child), 1);
  if (DataType.isUtf8(kind)) return 3;
  if (DataType.isInt(kind) || DataType.isFloat(kind) || DataType.isBool(kind) || DataType.isDictionary(kind)) return 2;
  throw new TypeError(`columns of type ${String(type)} are not read`);
}

interface Header {
  length: number;
  nodes: unknown[];
  buffers: { offset: number; length: number }[];
}

/**
 * The reader takes the buffers of other columns for empty ones. apache-arrow has no way to be told so: what it makes of a message's
 * header is put in its place.
 */
function unpackOnly(reader: FileReader, columns: ReadonlySet<string>): void {
  const kept = reader.schema.fields.flatMap((field) => Array.from({ length: buffersOf(field) }, () => columns.has(field.name)));
  const inner = (reader as unknown as { _impl: { _loadRecordBatch(header: Header, ...rest: unknown[]): RecordBatch } })._impl;
  const load = inner._loadRecordBatch.bind(inner);
  inner._loadRecordBatch = (header, ...rest) => {
    for (const [i, buffer] of header.buffers.entries()) if (kept[i] === false) buffer.length = 0;
    return load(header, ...rest);
  };
}
