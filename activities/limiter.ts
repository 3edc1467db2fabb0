import { setTimeout as sleep } from 'node:timers/promises';
import { Busy } from './model.ts';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 60_000;

/**
 * Waits out a busy provider inside the activity, so that Temporal's attempts count real failures. One busy answer holds back
 * every call of the process until the provider's `retry-after`, or an exponential wait where it gave none.
 */
export class Limiter {
  #openAt = 0;
  #streak = 0;
  readonly #patienceMs: number;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + this.#patienceMs;
    for (;;) {
      const wait = this.#openAt - Date.now();
      if (wait > 0) await sleep(wait + Math.random() * Math.min(wait, 250));
      try {
        const answer = await call();
        this.#streak = 0;
        return answer;
      } catch (error) {
        if (!(error instanceof Busy) || Date.now() > deadline) throw error instanceof Busy ? (error.cause ?? error) : error;
        this.#streak += 1;
        const backoff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(this.#streak - 1, 10));
        this.#openAt = Math.max(this.#openAt, Date.now() + (error.retryAfterMs ?? backoff));
      }
    }
  }
}
