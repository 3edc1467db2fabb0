import { z } from 'zod';
import { MANIFEST_NOTES } from './manifest-notes.ts';
import { Manifest } from './manifest.ts';

type Json = Record<string, unknown>;

/** The JSON Schema (2020-12) of a manifest, with what its fields mean. Throws an Error that names a field without a note, or a note without a field. */
export function manifestJsonSchema(): Json {
  const schema = z.toJSONSchema(Manifest) as Json;
  const left = new Set(Object.keys(MANIFEST_NOTES));
  describe(schema, '', left);
  const [stale] = left;
  if (stale !== undefined) throw new Error(`schemas/manifest-notes.ts: a manifest has no field ${stale}`);
  const { $schema, ...rest } = schema;
  return { $schema, title: 'Manifest of a dataset', ...rest };
}

function describe(schema: Json, path: string, left: Set<string>): void {
  const note = MANIFEST_NOTES[path];
  if (note !== undefined) schema['description'] = note;
  else if (!path.endsWith('[]')) throw new Error(`schemas/manifest-notes.ts: says nothing of ${path}`);
  left.delete(path);
  for (const [name, property] of Object.entries((schema['properties'] ?? {}) as Record<string, Json>)) describe(property, path === '' ? name : `${path}.${name}`, left);
  if (schema['items'] !== undefined) describe(schema['items'] as Json, `${path}[]`, left);
}
