import { isDeepStrictEqual } from 'node:util';
import type { Schema } from 'apache-arrow';
import type { z } from 'zod';
import { openBatches, type Batch } from '../../infra/arrow/batches.ts';
import { arrowSchema, SCHEMA_VERSION_KEY } from '../../schemas/arrow.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import { columnsOf } from '../../schemas/columns.ts';
import { SCHEMA_VERSION, type FileEntry } from '../../schemas/manifest.ts';
import type { Findings } from './findings.ts';
import type { VerifySource } from './verify-source.ts';

/** A row that fits its shape, with its place for messages, such as `data/train-00000-0123456789ab.arrow row 3`. */
export interface Located<Row> {
  row: Row;
  at: string;
}

/** Whether the file is there with the bytes that the manifest names. */
export async function checkBytes(source: VerifySource, file: FileEntry, findings: Findings): Promise<Uint8Array | null> {
  const bytes = await source.read(file.key);
  if (bytes === null) {
    findings.check(false, () => `${file.key}: is missing`);
    return null;
  }
  const whole = findings.check(bytes.length === file.bytes, () => `${file.key}: has ${bytes.length} bytes, the manifest says ${file.bytes}`);
  const sha256 = sha256Hex(bytes);
  const same = findings.check(sha256 === file.sha256, () => `${file.key}: sha256 is ${sha256}, the manifest says ${file.sha256}`);
  findings.check(file.key.endsWith(`-${file.sha256.slice(0, 12)}.arrow`), () => `${file.key}: its name does not end with the first 12 digits of its sha256`);
  return whole && same ? bytes : null;
}

/**
 * Reads a file whose bytes are right, a record batch at a time: columns, number of rows, each row against its shape. Rows with faults are
 * left out.
 */
export async function* readRows<Row>(file: FileEntry, bytes: Uint8Array, shape: z.ZodObject & z.ZodType<Row>, findings: Findings): AsyncGenerator<Located<Row>[]> {
  const table = await openBatches(bytes).catch(messageOf);
  if (typeof table === 'string') return unreadable(file, table, findings);
  if (!checkColumns(file, table.schema, shape, findings)) return;
  let read = 0;
  const batches = table.batches();
  for (;;) {
    const rows = nextRows(batches);
    if (rows === null) break;
    if (typeof rows === 'string') return unreadable(file, rows, findings);
    const from = read;
    read += rows.length;
    yield rows.flatMap((raw, i) => {
      const at = `${file.key} row ${from + i}`;
      const parsed = shape.safeParse(raw);
      const issue = parsed.error?.issues[0];
      findings.check(parsed.success, () => `${at}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
      return parsed.success ? [{ row: parsed.data, at }] : [];
    });
  }
  findings.check(read === file.rows, () => `${file.key}: has ${read} rows, the manifest says ${file.rows}`);
}

/** Whether the rows can be looked at. */
function checkColumns(file: FileEntry, schema: Schema, shape: z.ZodObject, findings: Findings): boolean {
  const version = schema.metadata.get(SCHEMA_VERSION_KEY);
  if (Number(version) > SCHEMA_VERSION) return findings.check(false, () => `${file.key}: its schema version is ${version}, and this program reads up to ${SCHEMA_VERSION}: update it`);
  findings.check(version === String(SCHEMA_VERSION), () => `${file.key}: ${SCHEMA_VERSION_KEY} is ${version ?? 'absent'}, it must be ${SCHEMA_VERSION}`);
  const expected = columnsOf(arrowSchema(shape));
  const found = columnsOf(schema);
  const wrong = expected.find((column, i) => !isDeepStrictEqual(column, found[i])) ?? found[expected.length];
  return findings.check(wrong === undefined, () => `${file.key}: column ${wrong?.name ?? ''} is absent, out of place or of another type than schema version ${SCHEMA_VERSION} says`);
}

/** The rows of the next record batch; null after the last, a string where it cannot be read. */
function nextRows(batches: Iterator<Batch<Record<string, unknown>>>): Record<string, unknown>[] | string | null {
  try {
    const next = batches.next();
    return next.done === true ? null : next.value.rows();
  } catch (error) {
    return messageOf(error);
  }
}

function unreadable(file: FileEntry, why: string, findings: Findings): void {
  findings.check(false, () => `${file.key}: cannot be read as an Arrow file: ${why}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
