/** Outcomes that are looked back on, and the share of refusals among them that no chance explains. */
const LAST = 50;
const TOO_MANY = 0.2;
/** How long headers are not believed that told of room while calls were refused, ms. */
const DISTRUST_MS = 10 * 60_000;

/**
 * What a refusal means. A rate limit whose headers show no room, or that has none, concerns all calls. One that leaves room by its
 * own headers, or an overload, is often a matter of the one call: all are held back only where such refusals become too many.
 */
export class Refusals {
  /** Newest last; true: refused. */
  readonly #outcomes: boolean[] = [];
  #distrustUntil = -Infinity;
  inARow = 0;
  /** Whether the last one was for overload. */
  overloaded = false;

  answered(): void {
    this.inARow = 0;
    this.#note(false);
  }

  refused(overloaded: boolean, room: boolean, now: number): 'all' | 'this call' {
    this.overloaded = overloaded;
    this.inARow += 1;
    this.#note(true);
    const many = this.#outcomes.filter(Boolean).length >= TOO_MANY * LAST;
    if (!overloaded && room && many) this.#distrustUntil = now + DISTRUST_MS;
    const told = !overloaded && (!room || now < this.#distrustUntil);
    return told || many ? 'all' : 'this call';
  }

  #note(refused: boolean): void {
    this.#outcomes.push(refused);
    if (this.#outcomes.length > LAST) this.#outcomes.shift();
  }
}
