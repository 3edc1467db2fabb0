import { makeBuilder, makeData, RecordBatch, Struct, type Data, type DataType, type Schema } from 'apache-arrow';
import { codecName, registerZstd } from './codec.ts';
import { checkValue } from './check-value.ts';
import { IpcFileWriter } from './ipc-file-writer.ts';

/** Version of the bytes this module writes: raised whenever equal rows would give other bytes, a new apache-arrow included. */
export const WRITER_VERSION = 'exemplar-arrow/1 apache-arrow/21.2.0';

export interface ArrowOptions {
  compression: 'zstd' | 'none';
  /** Rows a record batch; the same rows give the same batches, however they were collected. */
  rowsPerBatch?: number;
}

/** Writer and codec as `campaign.json` and manifests name them; files of two identities may differ in bytes. */
export async function writerIdentity(compression: ArrowOptions['compression']): Promise<{ version: string; codec: string }> {
  return { version: WRITER_VERSION, codec: await codecName(compression) };
}

/**
 * An Arrow IPC file (random-access format) with one column a schema field. Equal rows and options give equal bytes.
 * No rows still give a file with the schema. Throws a TypeError naming row and column for a value that the schema does not hold.
 */
export async function writeArrow(schema: Schema, rows: Iterable<object>, { compression, rowsPerBatch = 1024 }: ArrowOptions): Promise<Uint8Array> {
  if (compression === 'zstd') await registerZstd();
  const writer = new IpcFileWriter(compression);
  let batch: object[] = [];
  let written = 0;
  const flush = () => {
    writer.write(recordBatch(schema, batch, written));
    written += batch.length;
    batch = [];
  };
  for (const row of rows) {
    batch.push(row);
    if (batch.length === rowsPerBatch) flush();
  }
  if (batch.length > 0 || written === 0) flush();
  writer.finish();
  return writer.toUint8Array();
}

function recordBatch(schema: Schema, rows: readonly object[], firstRow: number): RecordBatch {
  const columns = schema.fields.map((field) => {
    const builder = makeBuilder({ type: field.type as DataType, nullValues: [null] });
    for (const [i, row] of rows.entries()) {
      const value = (row as Record<string, unknown>)[field.name];
      checkValue(field, value, `row ${firstRow + i}: ${field.name}`);
      builder.append(value);
    }
    return builder.finish().flush() as Data<DataType>;
  });
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: rows.length, nullCount: 0, children: columns }));
}
