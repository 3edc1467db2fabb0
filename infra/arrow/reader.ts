import { StructRow, tableFromIPC, Vector, type Schema } from 'apache-arrow';
import { registerCodecs } from './codec.ts';

export interface ArrowTable<Row> {
  schema: Schema;
  rows: Row[];
}

/** Schema and rows of an Arrow IPC file. Throws where the bytes are not one. */
export async function openArrow<Row = Record<string, unknown>>(bytes: Uint8Array): Promise<ArrowTable<Row>> {
  await registerCodecs();
  const table = tableFromIPC(bytes);
  return { schema: table.schema, rows: Array.from(table, (row) => plain(row) as Row) };
}

/** The rows of an Arrow IPC file as plain objects: lists are arrays, int64 bigints, structs objects; absent values null. */
export async function readArrow<Row = Record<string, unknown>>(bytes: Uint8Array): Promise<Row[]> {
  return (await openArrow<Row>(bytes)).rows;
}

function plain(value: unknown): unknown {
  if (value instanceof Vector) return Array.from(value, plain);
  if (value instanceof StructRow) {
    return Object.fromEntries(Array.from(value, ([name, item]) => [name, plain(item)]));
  }
  return value ?? null;
}
