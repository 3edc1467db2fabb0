import { StructRow, tableFromIPC, Vector, type Schema } from 'apache-arrow';
import { registerCodecs } from './codec.ts';

export interface ArrowTable<Row> {
  schema: Schema;
  rows: Row[];
}

/** Schema and rows of an Arrow IPC file, all columns or those of `columns` that it has. Throws where the bytes are not one. */
export async function openArrow<Row = Record<string, unknown>>(bytes: Uint8Array, columns?: readonly string[]): Promise<ArrowTable<Row>> {
  await registerCodecs();
  const whole = tableFromIPC(bytes);
  const table = columns === undefined ? whole : whole.select([...columns]);
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
