import { readFileSync, statSync } from 'node:fs';
import { YAMLParseError, parse } from 'yaml';
import type { z } from 'zod';
import { describeIssues } from './describe-issues.ts';
import { UsageError } from './usage-error.ts';

/** Most that is read of a YAML or JSON file, and of any other, bytes. */
const LARGEST_DOCUMENT = 64 << 20;
const LARGEST_FILE = 512 << 20;

/**
 * Reads a YAML or JSON file by its schema.
 * @throws UsageError, one line: the file, the field, and what is allowed there; an unknown key with the nearest known one.
 */
export function readFileAs<T>(path: string, schema: z.ZodType<T>): T {
  return checkedAs(path, readDocument(path), schema);
}

/** What a YAML or JSON file holds, unchecked. @throws UsageError where it cannot be read as either. */
export function readDocument(path: string): unknown {
  const text = readText(path, LARGEST_DOCUMENT);
  try {
    // aliases are bounded: a small file must not unfold into a large one
    return parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new UsageError(`${path}: not ${path.endsWith('.json') ? 'JSON' : 'YAML'}: ${faultOf(error as Error, text)}`);
  }
}

function faultOf(error: Error, text: string): string {
  const [line = ''] = error.message.split('\n');
  if (line.includes('call stack')) return 'it nests too deeply';
  if (!(error instanceof YAMLParseError && error.code === 'DUPLICATE_KEY')) return line.replace(/:$/, '');
  const [at] = error.linePos ?? [{ line: 1, col: 1 }];
  const [key = ''] = /^("[^"]*"|'[^']*'|[^\s:]+)/.exec(text.slice(error.pos[0])) ?? [];
  return `the key ${key} stands twice in one map, again at line ${at.line}, column ${at.col}; give it once`;
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

/** A file's text, a byte order mark left out. @throws UsageError where it cannot be read, is too large, or is not UTF-8: there with the place. */
export function readText(path: string, most = LARGEST_FILE): string {
  const bytes = readBytes(path, most);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${path}: not UTF-8 text at byte ${firstInvalid(bytes)}; save it as UTF-8`);
  }
}

/** Offset of the first byte that cannot stand where it does; the length, where the text ends within a character. */
function firstInvalid(bytes: Buffer): number {
  const begins = (length: number) => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  if (begins(bytes.length)) return bytes.length;
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (begins(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/** A file's bytes. @throws UsageError where it cannot be read, is no file, or has more than `most` bytes. */
export function readBytes(path: string, most = LARGEST_FILE): Buffer {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw new UsageError(`${path}: not a file`);
    if (stat.size > most) throw new UsageError(`${path}: has ${stat.size} bytes; at most ${most} are allowed`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path}: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : String(error)}`);
  }
}
