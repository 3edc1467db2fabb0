/** Time over which the rate of answered calls is measured, ms. */
const MEASURED_MS = 10_000;
/** Fewer answers in that time measure nothing. */
const LEAST_ANSWERS = 3;
/** Share of the rate that was answered which is kept after a refusal. */
const KEPT = 0.9;
/** The same where nothing was answered. */
const KEPT_UNMEASURED = 0.7;
/** Calls a millisecond: the most after a first refusal with nothing answered, and the least ever. */
const UNMEASURED = 1 / 1_000;
const LEAST = 1 / 20_000;
/** Growth a second, as a share of the rate that was answered last, and how long it stays so slow, seconds. */
const GROWTH = 0.005;
const SLOW_S = 60;
/** Below that rate it doubles in so many seconds. */
const DOUBLING_S = 5;
const SLACK_MS = 250;

/**
 * The rate of calls that the provider bears, as its refusals teach it: cut once a burst of refusals to less than what was being
 * answered, growing by equal steps while none come, faster the longer that lasts. No bound before the first refusal.
 */
export class Pace {
  /** Answers, those of long ago forgotten. */
  #answers = 0;
  #answeredAt = 0;
  #since: number | null = null;
  /** Calls a millisecond after the last cut; null: none yet. */
  #base: number | null = null;
  /** Calls a millisecond that were answered when a cut was last measured; Infinity: never. */
  #peak = Infinity;
  #cutAt = -Infinity;
  #busyUntil = -Infinity;

  /** When the next call may go, ms. */
  get admitAt(): number {
    return this.#busyUntil;
  }

  /** Calls a minute; null: no bound. */
  perMinute(now: number): number | null {
    return this.#base === null ? null : this.#bound(this.#base, now) * 60_000;
  }

  sent(now: number): void {
    this.#since ??= now;
    if (this.#base !== null) this.#busyUntil = Math.max(this.#busyUntil, now - SLACK_MS) + 1 / this.#bound(this.#base, now);
  }

  answered(now: number): void {
    this.#answers = this.#answersAt(now) + 1;
    this.#answeredAt = now;
  }

  /** A call sent at `sentAt` was refused: those sent before the last cut say nothing new. */
  refused(sentAt: number, now: number): void {
    if (sentAt <= this.#cutAt) return;
    const answers = this.#answersAt(now);
    const before = this.#base === null ? Infinity : this.#bound(this.#base, now);
    if (answers < LEAST_ANSWERS) {
      this.#base = Math.max(LEAST, Math.min(UNMEASURED, KEPT_UNMEASURED * before));
      this.#peak = Math.max(this.#base, KEPT_UNMEASURED * this.#peak);
    } else {
      this.#peak = Math.min(before, answers / this.#measured(now));
      this.#base = Math.max(LEAST, KEPT * this.#peak);
    }
    this.#cutAt = now;
    this.#busyUntil = Math.max(this.#busyUntil, now);
  }

  #bound(base: number, now: number): number {
    let seconds = (now - this.#cutAt) / 1_000;
    const soft = Math.max(base, KEPT * this.#peak);
    const doubling = DOUBLING_S * Math.log2(soft / base);
    if (seconds < doubling) return base * 2 ** (seconds / DOUBLING_S);
    seconds -= doubling;
    return soft + this.#peak * GROWTH * seconds * (1 + (seconds / SLOW_S) ** 2);
  }

  #answersAt(now: number): number {
    return this.#answers * Math.exp((this.#answeredAt - now) / MEASURED_MS);
  }

  /** The time that the decaying count stands for, ms: shorter soon after the start. */
  #measured(now: number): number {
    return MEASURED_MS * (1 - Math.exp(((this.#since ?? now) - 1 - now) / MEASURED_MS));
  }
}
