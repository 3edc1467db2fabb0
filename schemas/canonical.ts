import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** RFC 8785 (JSON Canonicalization Scheme): equal values give equal bytes. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('value has no JSON form');
  return text;
}

const texts = new WeakMap<object, string>();

/** The same for a value that never changes and stands in many others: its text is kept for as long as the value lives. */
export function lastingJson(value: object): string {
  let text = texts.get(value);
  if (text === undefined) texts.set(value, (text = canonicalJson(value)));
  return text;
}

/** Canonical JSON of an object whose values are canonical JSON already. */
export function canonicalObject(parts: Readonly<Record<string, string>>): string {
  const members = Object.keys(parts).sort().map((key) => `${JSON.stringify(key)}:${parts[key]}`);
  return `{${members.join(',')}}`;
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

export function contentHash(value: unknown): string {
  return sha256Hex(canonicalJson(value));
}
