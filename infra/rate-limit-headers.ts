import { LIMITED_BY, type LimitedBy, type LimitReading, type LimitReadings } from '../activities/model.ts';

/** A server's limits a minute; null where its headers do not state one. `tokens`: input and output together. */
export type RateLimits = Record<LimitedBy, number | null>;

type Reader = Pick<Headers, 'get'>;

/** Headers that tell a limit, what is left of it, and when it will be whole again. */
const NAMES: Record<LimitedBy, readonly [limit: string, remaining: string, reset: string][]> = {
  requests: [anthropic('requests'), other('requests')],
  tokens: [anthropic('tokens'), other('tokens')],
  inputTokens: [anthropic('input-tokens')],
  outputTokens: [anthropic('output-tokens')],
};

function anthropic(what: string): [string, string, string] {
  return [`anthropic-ratelimit-${what}-limit`, `anthropic-ratelimit-${what}-remaining`, `anthropic-ratelimit-${what}-reset`];
}

/** As servers beside Anthropic's name them. */
function other(what: string): [string, string, string] {
  return [`x-ratelimit-limit-${what}`, `x-ratelimit-remaining-${what}`, `x-ratelimit-reset-${what}`];
}

export function readRateLimits(headers: Reader): RateLimits {
  const readings = readLimits(headers);
  return { requests: null, tokens: null, inputTokens: null, outputTokens: null, ...Object.fromEntries(Object.entries(readings).map(([what, { limit }]) => [what, limit])) };
}

/** What the headers of an answer, or of a refusal, say of the limits; those they do not name are left out. */
export function readLimits(headers: Reader): LimitReadings {
  const readings: LimitReadings = {};
  for (const what of LIMITED_BY) {
    const reading = NAMES[what].map((names) => readLimit(headers, names)).find((each) => each !== null);
    if (reading) readings[what] = reading;
  }
  return readings;
}

function readLimit(headers: Reader, [limitName, remainingName, resetName]: readonly [string, string, string]): LimitReading | null {
  const limit = count(headers.get(limitName));
  if (limit === null || limit === 0) return null;
  return { limit, remaining: count(headers.get(remainingName)), fullInMs: timeTo(headers.get(resetName), headers.get('date')) };
}

/** Milliseconds that a busy server asks to wait (seconds, or a date by its own clock); null where it does not say. */
export function readRetryAfter(headers: Reader): number | null {
  const text = headers.get('retry-after');
  const seconds = count(text);
  return seconds !== null ? seconds * 1_000 : timeTo(text, headers.get('date'));
}

/** An absent header is null, and Number(null) is 0. */
function count(text: string | null): number | null {
  const number = text === null || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) && number >= 0 ? number : null;
}

/** RFC 3339, or an HTTP date; Date.parse reads much else as a date. */
const DATE = /^\d{4}-\d\d-\d\dT|^\w{3}, /;

/** Milliseconds to a time. Both times are the server's, so that its clock need not agree with ours. */
function timeTo(time: string | null, now: string | null): number | null {
  if (time === null || now === null || !DATE.test(time)) return null;
  const ms = Date.parse(time) - Date.parse(now);
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
