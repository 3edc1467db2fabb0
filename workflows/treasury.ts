/**
 * Shares money among holders (a campaign among its pages, a page among its situations) so that what is granted never exceeds
 * what there is. The lowest-numbered need comes first and none overtakes it. When every holder waits and the first need does
 * not fit, the highest-numbered one is denied: its leftovers may be enough for the rest. Amounts are int nano-dollars.
 */
export class Treasury {
  /** null: no budget, every need fits. */
  free: number | null;
  readonly #waiting = new Map<number, number>();
  readonly #active = new Set<number>();

  constructor(free: number | null) {
    this.free = free;
  }

  /** Holders with money who are not waiting for more. */
  get active(): number {
    return this.#active.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** A holder cannot go on without `amount` more; `idle: false` where part of it still can. */
  need(holder: number, amount: number, idle = true): void {
    this.#waiting.set(holder, amount);
    if (idle) this.#active.delete(holder);
    else this.#active.add(holder);
  }

  /** A new holder's first grant: `amount`, or 0 where that does not fit. */
  start(holder: number, amount: number): number {
    const granted = this.free === null || this.free >= amount ? amount : 0;
    if (this.free !== null) this.free -= granted;
    this.#active.add(holder);
    return granted;
  }

  /** A holder is through; what it did not spend comes back. */
  leave(holder: number, unspent: number): void {
    this.#waiting.delete(holder);
    this.#active.delete(holder);
    this.give(unspent);
  }

  /** Money from outside, or taken away by a lowered budget (negative). */
  give(amount: number): void {
    if (this.free !== null) this.free += amount;
  }

  /** Every need, to be carried into a continued run. */
  get needs(): { holder: number; nanoUsd: number; idle: boolean }[] {
    return [...this.#waiting].map(([holder, nanoUsd]) => ({ holder, nanoUsd, idle: !this.#active.has(holder) }));
  }

  /** The first need. */
  get first(): { holder: number; amount: number } | null {
    if (this.#waiting.size === 0) return null;
    const holder = Math.min(...this.#waiting.keys());
    return { holder, amount: this.#waiting.get(holder) as number };
  }

  /** Grants the first need if it fits: the need itself, or up to `block` where there is more than that. Null when it does not fit. */
  grant(block = 0): { holder: number; amount: number } | null {
    const { first } = this;
    if (first === null) return null;
    if (this.free !== null && first.amount > this.free) return null;
    const amount = this.free === null ? first.amount : Math.max(first.amount, Math.min(block, this.free));
    if (this.free !== null) this.free -= amount;
    this.#waiting.delete(first.holder);
    this.#active.add(first.holder);
    return { holder: first.holder, amount };
  }

  /** Whom to turn away when nothing else can move: the highest-numbered need, or null while someone still may give back. */
  deny(): number | null {
    if (this.#waiting.size === 0 || this.#active.size > 0) return null;
    const holder = Math.max(...this.#waiting.keys());
    this.#waiting.delete(holder);
    // it holds its leftovers until it leaves
    this.#active.add(holder);
    return holder;
  }
}
