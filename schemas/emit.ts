import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Schema } from 'apache-arrow';
import { DATA_SCHEMA, LEDGER_SCHEMA, SITUATIONS_SCHEMA } from './arrow.ts';
import { columnsOf } from './columns.ts';
import { LEVELS } from './levels.ts';
import { manifestJsonSchema } from './manifest-schema.ts';
import { SCHEMA_VERSION } from './manifest.ts';

/** Where the Python package reads its schemas, relative to the package root. */
export const EMITTED_FOLDER = 'trainer/exemplar_data/schemas';

/** File name -> text of every schema that Python needs. */
export function emittedFiles(): Map<string, string> {
  const table = (schema: Schema) => ({ schemaVersion: SCHEMA_VERSION, columns: columnsOf(schema) });
  const contents: Record<string, unknown> = {
    'manifest.json': manifestJsonSchema(),
    'data.json': table(DATA_SCHEMA),
    'situations.json': table(SITUATIONS_SCHEMA),
    'ledger.json': table(LEDGER_SCHEMA),
    'levels.json': LEVELS,
  };
  return new Map(Object.entries(contents).map(([name, content]) => [name, `${JSON.stringify(content, null, 1)}\n`]));
}

async function emit(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of emittedFiles()) await writeFile(join(folder, name), text);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await emit(EMITTED_FOLDER);
