import { SPLITS, type Split } from '../../schemas/campaign.ts';
import { sha256Hex } from '../../schemas/canonical.ts';

/** Indexes a piece. */
const PIECE = 1 << 16;
/** Slots to begin with; a power of two. */
const SLOTS = 1 << 10;

/** The page on which each situation index stands, at 4 bytes an index. */
export class IndexPages {
  readonly #pieces = new Map<number, Int32Array>();

  /** The page where the index stands already; null where it did not, and stands on `page` from now on. */
  place(index: number, page: number): number | null {
    const number = Math.floor(index / PIECE);
    let piece = this.#pieces.get(number);
    // a page is kept as its number plus one: 0 is none
    if (piece === undefined) this.#pieces.set(number, (piece = new Int32Array(PIECE)));
    const at = index - number * PIECE;
    const before = piece[at] as number;
    if (before !== 0) return before - 1;
    piece[at] = page + 1;
    return null;
  }
}

/**
 * The split of each family of situations, and a page that shows it, at 13 to 52 bytes a family: an open hash table on 64 bits of the
 * root's hash. Of a million families, two would be taken for one once in 30 million data sets.
 */
export class Families {
  #size = 0;
  #low = new Uint32Array(SLOTS);
  #high = new Uint32Array(SLOTS);
  #pages = new Int32Array(SLOTS);
  #splits = new Uint8Array(SLOTS);

  /** Where the family stands already; its place from now on where it stood nowhere. */
  place(root: string, split: Split, page: number): { split: Split; page: number } {
    if (2 * this.#size >= this.#low.length) this.#grow();
    const digits = sha256Hex(root);
    const [low, high] = [parseInt(digits.slice(0, 8), 16), parseInt(digits.slice(8, 16), 16)];
    const at = this.#slot(low, high);
    if (this.#pages[at] === 0) {
      this.#put(at, low, high, page + 1, SPLITS.indexOf(split));
      this.#size += 1;
    }
    return { split: SPLITS[this.#splits[at] as number] as Split, page: (this.#pages[at] as number) - 1 };
  }

  /** The slot of a key, or the free one where it belongs. */
  #slot(low: number, high: number): number {
    const mask = this.#low.length - 1;
    let at = low & mask;
    while (this.#pages[at] !== 0 && (this.#low[at] !== low || this.#high[at] !== high)) at = (at + 1) & mask;
    return at;
  }

  #put(at: number, low: number, high: number, page: number, split: number): void {
    this.#low[at] = low;
    this.#high[at] = high;
    this.#pages[at] = page;
    this.#splits[at] = split;
  }

  #grow(): void {
    const [low, high, pages, splits] = [this.#low, this.#high, this.#pages, this.#splits];
    const slots = 2 * low.length;
    this.#low = new Uint32Array(slots);
    this.#high = new Uint32Array(slots);
    this.#pages = new Int32Array(slots);
    this.#splits = new Uint8Array(slots);
    for (const [i, page] of pages.entries()) {
      if (page !== 0) this.#put(this.#slot(low[i] as number, high[i] as number), low[i] as number, high[i] as number, page, splits[i] as number);
    }
  }
}
