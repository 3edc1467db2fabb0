import type { Schema } from 'apache-arrow';
import { writeArrow } from '../../infra/arrow/writer.ts';
import { writeParquet } from '../../infra/parquet/writer.ts';
import type { FormatName } from '../../schemas/exports.ts';

export interface Format {
  /** Name of Hugging Face's builder, and of pyarrow's reader. */
  name: string;
  /** A whole file; equal rows give equal bytes. */
  encode: (schema: Schema, rows: readonly object[]) => Promise<Uint8Array>;
}

export const FORMAT: Record<FormatName, Format> = {
  arrow: { name: 'Arrow IPC, zstd', encode: (schema, rows) => writeArrow(schema, rows, { compression: 'zstd' }) },
  parquet: { name: 'Parquet, zstd', encode: writeParquet },
  jsonl: { name: 'JSON lines', encode: (schema, rows) => Promise.resolve(new TextEncoder().encode(jsonLines(schema, rows))) },
};

/** Keys in the order of the columns. */
function jsonLines({ names }: Schema, rows: readonly object[]): string {
  const keys = names.map(String);
  return rows.map((row) => `${JSON.stringify(Object.fromEntries(keys.map((key) => [key, (row as Record<string, unknown>)[key]])))}\n`).join('');
}
