import { sha256Hex } from '../../schemas/canonical.ts';

/** Hex digits of an intent's id. */
const DIGITS = 32;

/** The kth intent of the nth batch that one run of a campaign's workflow asks for: an attempt finds what an earlier one has put. */
export function intentId(campaign: string, run: string, n: number, k: number): string {
  return sha256Hex(`${campaign}/${run}/${n}/${k}`).slice(0, DIGITS);
}

/** The API's pattern, ^[a-zA-Z0-9_-]{1,64}$, has no dot. */
export function customId(intent: string, n: number): string {
  return `${intent}-${n}`;
}
