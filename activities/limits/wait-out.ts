import { setTimeout as sleep } from 'node:timers/promises';
import { Busy } from '../model.ts';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 60_000;

/** Milliseconds to wait after the `n`th refusal in a row, the first being 1, where the provider names no time. */
export function backoff(n: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(n - 1, 10));
}

/** Makes one call, again and again while the provider is busy. @throws the cause of the last refusal when `patienceMs` have passed. */
export async function waitOut<T>(patienceMs: number, call: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (let refusals = 1; ; refusals++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Busy)) throw error;
      if (Date.now() > deadline) throw error.cause instanceof Error ? error.cause : error;
      await sleep(error.retryAfterMs ?? backoff(refusals));
    }
  }
}
