import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { z } from 'zod';
import { describeIssues } from './describe-issues.ts';
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
  throw new UsageError(`${path}: ${describeIssues(parsed.error.issues, value, schema)}`);
}

/** A file's bytes. @throws UsageError where it cannot be read. */
export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`${path}: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : String(error)}`);
  }
}
