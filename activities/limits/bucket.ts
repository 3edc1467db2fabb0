import type { LimitReading } from '../model.ts';

const MINUTE_MS = 60_000;
/** Fill at which the bucket is drawn on as fast as it fills. */
const HALF = 0.5;
/** Bounds of the pace, as shares of the limit: a full bucket is used up gently, and an empty one is asked again. */
const SLOWEST = 0.02;
const FASTEST = 1.5;
/** Pace where the server does not say what its bucket holds, or one of a few calls' size is no guide. */
const BLIND = 0.95;
const A_FEW = 4;
/** Times in headers are whole seconds, on both ends. */
const COARSE_MS = 2_000;
/** Time unused because a timer was late may be made up for, ms. */
const SLACK_MS = 250;

/**
 * One of the provider's buckets (requests, input or output tokens) as its headers show it: how much it held, filling since at the
 * limit's rate. It is drawn on in proportion to what it holds: half full, as fast as it fills. All who share it see the same level,
 * so that without a word between them each slows down alike until together they meet the limit, and nobody is refused.
 */
export class Bucket {
  /** What it fills with, a millisecond. */
  #rate = 0;
  #capacity = 0;
  /** null: the server does not say. */
  #level: number | null = null;
  #at = 0;
  /** Until when what was drawn is paid off at the pace it was drawn at. */
  #busyUntil = -Infinity;

  get perMinute(): number {
    return this.#rate * MINUTE_MS;
  }

  /** Milliseconds of the limit that a cost takes. */
  share(cost: number): number {
    return cost / this.#rate;
  }

  /** `unseen`: what will be taken for calls that are out and that the server has not counted yet. */
  read({ limit, remaining, fullInMs }: LimitReading, unseen: number, now: number): void {
    const rate = limit / MINUTE_MS;
    if (rate !== this.#rate) this.#capacity = 0;
    this.#rate = rate;
    this.#at = now;
    this.#level = remaining === null ? null : remaining - unseen;
    const full = (remaining ?? 0) + rate * Math.max(0, (fullInMs ?? 0) - COARSE_MS);
    this.#capacity = Math.min(limit, Math.max(this.#capacity, full));
  }

  /** Whether a call of this cost would fit twice over by what the server last said; `grain`: to what it rounds. */
  hasRoom(cost: number, grain: number, now: number): boolean {
    const level = this.#levelAt(now);
    return level !== null && level >= 2 * cost + grain;
  }

  /** When so much may be drawn, ms. More than it can hold is drawn from a full one. */
  admitAt(cost: number, now: number): number {
    const level = this.#levelAt(now);
    if (level === null) return this.#busyUntil;
    const lacking = Math.min(cost, this.#capacity) - level;
    return Math.max(this.#busyUntil, lacking > 0 ? now + lacking / this.#rate : now);
  }

  draw(cost: number, now: number): void {
    this.#busyUntil = Math.max(this.#busyUntil, now - SLACK_MS) + cost / (this.#rate * this.#pace(cost, now));
    if (this.#level !== null) this.#level -= cost;
  }

  /** What a call took beyond, or short of, what was drawn for it. */
  correct(difference: number): void {
    this.#busyUntil += difference / this.#rate;
    if (this.#level !== null) this.#level -= difference;
  }

  #pace(cost: number, now: number): number {
    const level = this.#levelAt(now);
    if (level === null || this.#capacity < A_FEW * cost) return BLIND;
    return Math.min(FASTEST, Math.max(SLOWEST, level / this.#capacity / HALF));
  }

  #levelAt(now: number): number | null {
    return this.#level === null ? null : Math.min(this.#capacity, this.#level + this.#rate * (now - this.#at));
  }
}
