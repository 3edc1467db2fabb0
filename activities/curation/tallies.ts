/** A spread of whole numbers, by exact quantiles; null where there are none. */
export interface Spread {
  n: number;
  mean: number;
  least: number;
  /** Of ten numbers in order the first, fifth and ninth, and so on. */
  tenth: number;
  median: number;
  ninetieth: number;
  most: number;
}

/** How often each key has come. */
export class Tally<Key> {
  readonly counts = new Map<Key, number>();

  add(key: Key, times = 1): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + times);
  }

  /** Commonest first; of equally common ones the first to have come. */
  commonest(): [Key, number][] {
    return [...this.counts].sort(([, a], [, b]) => b - a);
  }
}

/** Counts whole numbers one by one; keeps as much as there are different ones. */
export class Numbers {
  readonly #tally = new Tally<number>();
  #n = 0;
  #sum = 0;

  add(value: number): void {
    this.#tally.add(value);
    this.#n += 1;
    this.#sum += value;
  }

  /** Each number with how often it came, ascending. */
  histogram(): [number, number][] {
    return [...this.#tally.counts].sort(([a], [b]) => a - b);
  }

  spread(): Spread | null {
    if (this.#n === 0) return null;
    const ascending = this.histogram();
    const at = (share: number) => {
      let rank = Math.max(1, Math.ceil(share * this.#n));
      for (const [value, times] of ascending) if ((rank -= times) <= 0) return value;
      return NaN;
    };
    return { n: this.#n, mean: this.#sum / this.#n, least: at(0), tenth: at(0.1), median: at(0.5), ninetieth: at(0.9), most: at(1) };
  }
}
