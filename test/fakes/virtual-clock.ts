import type { Clock } from '../../activities/limits/clock.ts';

/** Time that passes when it is told to, from one thing that is due to the next. */
export class VirtualClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  readonly #due: { at: number; then: () => void }[] = [];

  now = (): number => this.#now;

  after = (ms: number, then: () => void): (() => void) => {
    const entry = { at: this.#now + Math.max(0, ms), then };
    // equal times keep their order
    const later = this.#due.findIndex(({ at }) => at > entry.at);
    this.#due.splice(later < 0 ? this.#due.length : later, 0, entry);
    return () => {
      const at = this.#due.indexOf(entry);
      if (at >= 0) this.#due.splice(at, 1);
    };
  };

  /** Lets so much time pass; what is due meanwhile happens, with all that follows from it. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#due[0]; next !== undefined && next.at <= end; next = this.#due[0]) {
      this.#due.shift();
      this.#now = next.at;
      next.then();
      await settled();
    }
    this.#now = end;
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
