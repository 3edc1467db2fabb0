import type { Progress } from './progress.ts';

/** The part of a situation's progress that is money; int nano-dollars. */
export type Account = Pick<Progress, 'allowance' | 'charged' | 'grants' | 'unrecorded'>;

/** The grant to write to S3 before the next call, so that money is known there before it can be spent; null where nothing is new. */
export function unwritten(account: Account): { n: number; nanoUsd: number } | null {
  if (account.allowance === null || account.unrecorded <= 0) return null;
  return written(account);
}

/** As `unwritten`, and where nothing is new a grant that says so: it marks where a pass began. */
export function written(account: Account): { n: number; nanoUsd: number } {
  const grant = { n: account.grants, nanoUsd: account.unrecorded };
  account.grants += 1;
  account.unrecorded = 0;
  return grant;
}

/** Money has come from the page. */
export function grantTo(account: Account, nanoUsd: number): void {
  account.allowance = (account.allowance as number) + nanoUsd;
  account.unrecorded += nanoUsd;
}

/** A step has charged so much. */
export function charge(account: Account, nanoUsd: number): void {
  account.charged += nanoUsd;
  if (account.allowance !== null) account.allowance -= nanoUsd;
}

/** A step failed, and nobody knows what it has paid for: no more than it was allowed. */
export function chargeAll(account: Account): void {
  charge(account, Math.max(0, account.allowance ?? 0));
}

/**
 * What is not spent is given back; what S3 knows as granted is less by it from the next grant on. `pending`: charged already in a step
 * that has not ended, and not yet taken off the allowance.
 */
export function takeBack(account: Account, pending = 0): number {
  const nanoUsd = Math.max(0, (account.allowance ?? 0) - pending);
  if (nanoUsd === 0) return 0;
  account.allowance = (account.allowance as number) - nanoUsd;
  account.unrecorded -= nanoUsd;
  return nanoUsd;
}
