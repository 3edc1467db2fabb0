import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The Python of the trainer's environment, or null where there is none. */
export const testPython: string | null =
  [process.env.EXEMPLAR_TEST_PYTHON, join(root, '.venv/bin/python')].find((path) => path !== undefined && existsSync(path)) ?? null;

export interface PyarrowView {
  columns: [name: string, type: string, nullable: boolean][];
  metadata: Record<string, string>;
  batches: number;
  rows: Record<string, unknown>[];
}

/** What pyarrow reads from the bytes, and the same table as pyarrow writes it. */
export async function throughPyarrow(bytes: Uint8Array): Promise<{ view: PyarrowView; rewritten: Uint8Array }> {
  const folder = await mkdtemp(join(tmpdir(), 'exemplar-arrow-'));
  try {
    const [file, again] = [join(folder, 'in.arrow'), join(folder, 'out.arrow')];
    await writeFile(file, bytes);
    const script = fileURLToPath(new URL('read_arrow.py', import.meta.url));
    const { stdout } = await promisify(execFile)(testPython as string, [script, file, again], { maxBuffer: 2 ** 26 });
    return { view: JSON.parse(stdout) as PyarrowView, rewritten: await readFile(again) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Rows as JSON carries them from Python: int64 values as strings. */
export function asJson(rows: readonly object[]): unknown {
  return JSON.parse(JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)));
}
