/*
 * Secrets of this process, so that nothing it writes repeats one: what a server answers to a wrong key often quotes the key. They are
 * made known where they are read; failures, tools' answers and what is printed go through `redacted`.
 */

const known = new Set<string>();
const HIDDEN = '***';
/** Shorter values are words as often as secrets: hiding them would garble what is said. */
const SHORTEST = 8;
/** What servers without keys are given for one. */
const NOT_SECRET = new Set(['simulated', 'not-needed', 'no-key-required']);

/** Values that must not be repeated from now on; those too short to be told from words are passed over. */
export function keepSecret(...values: readonly (string | undefined)[]): void {
  for (const value of values) {
    if (value === undefined || value.length < SHORTEST || NOT_SECRET.has(value)) continue;
    for (const spelling of [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), Buffer.from(value).toString('base64')]) known.add(spelling);
  }
}

/** The text with every known secret hidden. */
export function redacted(text: string): string {
  let clean = text;
  for (const secret of known) if (clean.includes(secret)) clean = clean.replaceAll(secret, HIDDEN);
  return clean;
}

/** The error without secrets in its message, stack and causes; the error itself where it holds none. */
export function redactedError(error: Error): Error {
  const cause = error.cause instanceof Error ? redactedError(error.cause) : error.cause;
  const [message, stack] = [redacted(error.message), redacted(error.stack ?? '')];
  if (message === error.message && stack === (error.stack ?? '') && cause === error.cause) return error;
  return Object.assign(new Error(message, cause === undefined ? {} : { cause }), { name: error.name, stack });
}
