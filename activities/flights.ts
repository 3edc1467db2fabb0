/**
 * One flight a key in this process: whoever asks for a key already under way waits for the same answer.
 * After a server outage Temporal may start attempt 2 of an activity while attempt 1's call is still out.
 */
export class Flights<T> {
  readonly #open = new Map<string, Promise<T>>();

  get size(): number {
    return this.#open.size;
  }

  has(key: string): boolean {
    return this.#open.has(key);
  }

  join(key: string, start: () => Promise<T>): Promise<T> {
    const open = this.#open.get(key);
    if (open !== undefined) return open;
    const flight = start().finally(() => this.#open.delete(key));
    this.#open.set(key, flight);
    return flight;
  }

  /** Resolves when nothing is in flight: a worker that is told to stop waits for the answers it has paid for. */
  async drained(): Promise<void> {
    while (this.#open.size > 0) await Promise.allSettled(this.#open.values());
  }
}
