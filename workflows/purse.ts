import type { Draw } from '../activities/budget.ts';
import { Treasury } from './treasury.ts';

/** What bounds a spender: a budget of its own, and what it holds of the cap over all campaigns. Int nano-dollars; null: no such bound. */
export interface Bounds {
  budget: number | null;
  hold: number | null;
}

/** The money of one spender under both bounds: what it has promised to its holders never exceeds the lower one. */
export class Purse {
  readonly treasury: Treasury;
  #bounds: Bounds;

  /** `free` is what of the lower bound is neither spent nor granted; null where there is none. */
  constructor(free: number | null, bounds: Bounds) {
    this.treasury = new Treasury(free);
    this.#bounds = bounds;
  }

  get hold(): number | null {
    return this.#bounds.hold;
  }

  /** Spent or granted; null where nothing bounds it. */
  get promised(): number | null {
    const ceiling = ceilingOf(this.#bounds);
    return ceiling === null || this.treasury.free === null ? null : ceiling - this.treasury.free;
  }

  /** More is promised than the bounds allow now. */
  get overdrawn(): boolean {
    return this.treasury.free !== null && this.treasury.free < 0;
  }

  /** The bounds have changed. A first bound is none that what was promised could be held by: that needs `begin`. */
  bound(bounds: Bounds): void {
    const [before, after] = [ceilingOf(this.#bounds), ceilingOf(bounds)];
    this.#bounds = bounds;
    if (before !== null && after !== null) this.treasury.give(after - before);
  }

  /** From now on there are bounds, and so much is spent. */
  begin(bounds: Bounds, spent: number): void {
    this.#bounds = bounds;
    this.treasury.free = freeUnder(bounds, spent);
  }

  /** What to ask of the cap so that the first need fits, up to `block` at once; null where the cap is not what it lacks. */
  draw(block: number): Draw | null {
    const { promised } = this;
    const { budget, hold } = this.#bounds;
    const { first, free, active } = this.treasury;
    if (hold === null || free === null || promised === null || first === null || first.amount <= free) return null;
    const least = promised + first.amount;
    if (budget !== null && least > budget) return null;
    return { promised, least, most: Math.min(budget ?? Infinity, promised + Math.max(first.amount, block)), ...(active === 0 ? {} : { returns: true }) };
  }
}

/** What is neither spent nor granted; null where nothing bounds it. */
export function freeUnder(bounds: Bounds, spent: number): number | null {
  const ceiling = ceilingOf(bounds);
  return ceiling === null ? null : ceiling - spent;
}

function ceilingOf({ budget, hold }: Bounds): number | null {
  if (budget === null || hold === null) return budget ?? hold;
  return Math.min(budget, hold);
}
