import { readFileSync } from 'node:fs';
import { closest } from 'fastest-levenshtein';
import { parse } from 'yaml';
import type { z } from 'zod';
import { UsageError } from './usage-error.ts';

/**
 * Reads a YAML or JSON file by its schema.
 * @throws UsageError, one line: the file, the field, and what is allowed there; an unknown key with the nearest known one.
 */
export function readFileAs<T>(path: string, schema: z.ZodType<T>): T {
  const text = readBytes(path).toString('utf8');
  let value: unknown;
  try {
    // aliases are bounded: a small file must not unfold into a large one
    value = parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new UsageError(`${path}: not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  return checkedAs(path, value, schema);
}

/**
 * A value that was read, by its schema; `path` says in messages where it stands.
 * @throws UsageError, one line: the field, and what is allowed there.
 */
export function checkedAs<T>(path: string, value: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${path}: ${describeIssue(parsed.error.issues[0] as z.core.$ZodIssue, value, schema)}`);
}

/** A file's bytes. @throws UsageError where it cannot be read. */
export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`${path}: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : String(error)}`);
  }
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown, schema: z.ZodType): string {
  const field = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] as string;
    const known = knownKeys(schema, issue.path, value);
    const hint = known.length === 0 ? '' : `; did you mean "${closest(key, known)}"? Known: ${known.join(', ')}`;
    return `unknown key "${field === '' ? key : `${field}.${key}`}"${hint}`;
  }
  const got = field === '' ? undefined : at(value, issue.path);
  const shown = got === undefined || typeof got === 'object' ? '' : ` (is ${JSON.stringify(got)})`;
  return `${field === '' ? 'file' : field}: ${issue.message.replace(/^Invalid input: /, '')}${shown}`;
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

interface Def {
  type: string;
  shape?: Record<string, z.ZodType>;
  innerType?: z.ZodType;
  in?: z.ZodType;
  out?: z.ZodType;
  element?: z.ZodType;
  valueType?: z.ZodType;
  options?: z.ZodType[];
  discriminator?: string;
}

/** Keys of the object schema at a path. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  const def = schema.def as unknown as Def;
  if (def.innerType !== undefined) return knownKeys(def.innerType, path, value);
  if (def.type === 'pipe') return knownKeys(((def.in as z.ZodType).def as unknown as Def).type === 'transform' ? (def.out as z.ZodType) : (def.in as z.ZodType), path, value);
  if (def.options !== undefined) {
    const options = def.options.filter((option) => {
      const tag = def.discriminator === undefined ? undefined : (option.def as unknown as Def).shape?.[def.discriminator];
      return tag?.safeParse((value as Record<string, unknown> | undefined)?.[def.discriminator as string]).success ?? true;
    });
    return options.flatMap((option) => knownKeys(option, path, value));
  }
  const [head, ...rest] = path;
  if (head === undefined) return Object.keys(def.shape ?? {});
  const next = def.shape?.[String(head)] ?? def.element ?? def.valueType;
  return next === undefined ? [] : knownKeys(next, rest, (value as Record<PropertyKey, unknown> | undefined)?.[head]);
}
