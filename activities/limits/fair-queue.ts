interface Line<T> {
  waiting: T[];
  /** What it has been served up to now, in units of cost; never behind those who waited meanwhile. */
  served: number;
}

/**
 * Who goes next: the first in the line of the campaign that has been served least, so that campaigns share alike whatever number
 * of calls each has waiting. A campaign that had nothing waiting is owed nothing for that time. (Start-time fair queueing: Goyal,
 * Vin, Cheng 1996.)
 */
export class FairQueue<T> {
  readonly #lines = new Map<string, Line<T>>();
  /** Where campaigns stand that have left and were ahead. */
  readonly #ahead = new Map<string, number>();
  /** What the campaign served last had been served before that. */
  #clock = 0;

  /** `first`: ahead of its own campaign's line, not of others. */
  push(campaign: string, item: T, first = false): void {
    const line = this.#lines.get(campaign) ?? { waiting: [], served: Math.max(this.#clock, this.#ahead.get(campaign) ?? 0) };
    this.#lines.set(campaign, line);
    if (first) line.waiting.unshift(item);
    else line.waiting.push(item);
  }

  peek(): T | undefined {
    return this.#next()?.[1].waiting[0];
  }

  /** Serves who is next, at a cost. */
  shift(cost: number): T | undefined {
    const next = this.#next();
    if (next === undefined) return undefined;
    const [campaign, line] = next;
    this.#clock = line.served;
    line.served += cost;
    const item = line.waiting.shift();
    if (line.waiting.length === 0) this.#leave(campaign, line.served);
    return item;
  }

  /** What serving a campaign has cost beyond, or short of, what was thought. */
  correct(campaign: string, difference: number): void {
    const line = this.#lines.get(campaign);
    if (line !== undefined) line.served += difference;
    else this.#ahead.set(campaign, (this.#ahead.get(campaign) ?? this.#clock) + difference);
  }

  /** The first of each campaign that has something waiting. */
  *heads(): Generator<[string, T]> {
    for (const [campaign, { waiting }] of this.#lines) yield [campaign, waiting[0] as T];
  }

  #leave(campaign: string, served: number): void {
    this.#lines.delete(campaign);
    this.#ahead.set(campaign, served);
    for (const [gone, at] of this.#ahead) if (at <= this.#clock) this.#ahead.delete(gone);
  }

  #next(): [string, Line<T>] | undefined {
    let next: [string, Line<T>] | undefined;
    for (const entry of this.#lines) if (next === undefined || entry[1].served < next[1].served) next = entry;
    return next;
  }
}
