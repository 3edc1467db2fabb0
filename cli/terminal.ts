import { redacted } from '../activities/secrets.ts';

/** Control characters but line feed and tab, and marks that reverse the reading direction: they move, hide or rewrite what a terminal shows. */
const UNSEEN = /(?!\n|\t)[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;
/** Escape sequences of the colours that the verbs use themselves. */
const OWN_COLOURS = /(\u001b\[(?:1|2|22|31|32|39)m)/;

/** A text of others, such as a model's, as a terminal may show it: control characters are spelled out, such as `\x1b`. */
export function printable(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** The same for every text within a value. */
export function printableWithin<T>(value: T): T {
  if (typeof value === 'string') return printable(value) as T;
  if (Array.isArray(value)) return value.map((each: unknown) => printableWithin(each)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, printableWithin(inner as unknown)])) as T;
}

/** What a verb prints: without secrets, and without control sequences but its own colours. */
export function shownOnTerminal(text: string): string {
  const parts = redacted(text).split(OWN_COLOURS);
  return parts.map((part, i) => (i % 2 === 1 ? part : printable(part))).join('');
}

/** JSON without secrets, on one line; control characters that JSON leaves as they are become escapes. */
export function shownAsJson(value: unknown): string {
  return redacted(JSON.stringify(value)).replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
