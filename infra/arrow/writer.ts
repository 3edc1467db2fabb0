import { makeData, RecordBatch, Struct, type Schema } from 'apache-arrow';
import type { Compression } from '../../schemas/campaign.ts';
import { checkValue } from './check-value.ts';
import { codecName, registerCodecs } from './codec.ts';
import { columnBuilder, type ColumnBuilder } from './column-builder.ts';
import { IpcFileWriter } from './ipc-file-writer.ts';

/** Version of the bytes this module writes: raised whenever equal rows would give other bytes, a new apache-arrow included. */
export const WRITER_VERSION = 'exemplar-arrow/1 apache-arrow/21.2.0';

export interface ArrowOptions {
  compression: Compression;
  /** Rows a record batch; the same rows give the same batches, however they were collected. */
  rowsPerBatch?: number;
}

/** Writer and codec as `campaign.json` and manifests name them; files of two identities may differ in bytes. */
export async function writerIdentity(compression: Compression): Promise<{ version: string; codec: string }> {
  return { version: WRITER_VERSION, codec: await codecName(compression) };
}

/**
 * An Arrow IPC file (random-access format) in the making, with one column a schema field. It holds one record batch as buffers and the file so
 * far, compressed: no row outlives its `append`. Equal rows and options give equal bytes.
 */
export class ArrowFile {
  /** Rows appended so far. */
  rows = 0;
  readonly #schema: Schema;
  readonly #columns: readonly ColumnBuilder[];
  readonly #names: readonly string[];
  readonly #rowsPerBatch: number;
  readonly #writer: IpcFileWriter;
  #waiting = 0;

  private constructor(schema: Schema, { compression, rowsPerBatch = 1024 }: ArrowOptions) {
    this.#schema = schema;
    this.#columns = schema.fields.map(columnBuilder);
    this.#names = schema.fields.map(({ name }) => name);
    this.#rowsPerBatch = rowsPerBatch;
    this.#writer = new IpcFileWriter(compression);
  }

  static async begin(schema: Schema, options: ArrowOptions): Promise<ArrowFile> {
    await registerCodecs();
    return new ArrowFile(schema, options);
  }

  /** Throws a TypeError naming row and column for a value that the schema does not hold; the file is lost then. */
  append(row: object): void {
    for (let i = 0; i < this.#columns.length; i++) {
      if (!(this.#columns[i] as ColumnBuilder).append((row as Record<string, unknown>)[this.#names[i] as string])) this.#refuse(row);
    }
    this.rows += 1;
    this.#waiting += 1;
    if (this.#waiting === this.#rowsPerBatch) this.#flush();
  }

  /** The file's bytes. No rows still give a file with the schema. */
  async finish(): Promise<Uint8Array> {
    if (this.#waiting > 0 || this.rows === 0) this.#flush();
    this.#writer.finish();
    return await this.#writer.toUint8Array();
  }

  #flush(): void {
    const children = this.#columns.map((column) => column.take());
    this.#writer.write(new RecordBatch(this.#schema, makeData({ type: new Struct(this.#schema.fields), length: this.#waiting, nullCount: 0, children })));
    this.#waiting = 0;
  }

  #refuse(row: object): never {
    for (const field of this.#schema.fields) checkValue(field, (row as Record<string, unknown>)[field.name], `row ${this.rows}: ${field.name}`);
    throw new TypeError(`row ${this.rows} was refused by a column that holds each of its values`);
  }
}

/** The bytes of an Arrow IPC file with these rows; throws as ArrowFile does. */
export async function writeArrow(schema: Schema, rows: Iterable<object> | AsyncIterable<object>, options: ArrowOptions): Promise<Uint8Array> {
  const file = await ArrowFile.begin(schema, options);
  for await (const row of rows) file.append(row);
  return await file.finish();
}
