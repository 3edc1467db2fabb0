import { isSimilar, similarity } from '../diversity.ts';
import { Growing } from './growing.ts';

/** Similarity from which on two texts count as near-duplicates: Jaccard over runs of three words. */
export const NEAR_DUPLICATE = 0.8;

/** Of sums of rounded numbers. */
const SLACK = 1e-6;

/** Bits of the table that counts shingles, and of the one that finds them. */
const COUNTED = 22;
const FOUND = 20;

/** How often shingles occur, about: those that fall together are counted together. The same texts, in any order, count the same. */
export class ShingleCounts {
  readonly #counts = new Uint32Array(1 << COUNTED);

  add(shingles: Uint32Array): void {
    for (const shingle of shingles) this.#counts[shingle >>> (32 - COUNTED)] = (this.#counts[shingle >>> (32 - COUNTED)] as number) + 1;
  }

  of(shingle: number): number {
    return this.#counts[shingle >>> (32 - COUNTED)] as number;
  }
}

export interface Neighbour {
  /** Number of the text, from 0, in the order in which texts were added. */
  at: number;
  /** Jaccard similarity, in [threshold, 1]. */
  similarity: number;
}

/**
 * Finds among texts the one that resembles a given one most, exactly: none that is similar enough is missed. Sets with Jaccard
 * similarity t or more share one of the first |x| - ceil(t |x|) + 1 members of each, in any order that both keep; rare ones first, hardly
 * any others do. (Prefix filtering: Chaudhuri, Ganti, Kaushik 2006; Bayardo, Ma, Srikant 2007; by place: Xiao, Wang, Lin, Yu 2008.) Keeps 4
 * bytes a shingle and 16 more for each of those first ones.
 */
export class Neighbours {
  readonly #threshold: number;
  readonly #counts: ShingleCounts;
  readonly #texts: Uint32Array[] = [];
  /** Latest entry of each slot, plus one; each entry names the one before it, the same way. */
  readonly #heads = new Uint32Array(1 << FOUND);
  readonly #before = new Growing();
  readonly #shingle = new Growing();
  readonly #text = new Growing();
  /** How many of the text's shingles come before this one, in the order by rarity. */
  readonly #place = new Growing();
  /** Text that last looked at each: a candidate is compared once. */
  readonly #looked = new Growing();
  #looks = 0;

  constructor(counts: ShingleCounts, threshold = NEAR_DUPLICATE) {
    this.#counts = counts;
    this.#threshold = threshold;
  }

  get size(): number {
    return this.#texts.length;
  }

  /** Number that the text gets. */
  add(shingles: Uint32Array): number {
    const at = this.#texts.push(shingles) - 1;
    this.#looked.push(0);
    for (const [place, shingle] of this.#first(shingles).entries()) {
      const slot = shingle & (this.#heads.length - 1);
      this.#before.push(this.#heads[slot] as number);
      this.#shingle.push(shingle);
      this.#place.push(place);
      this.#heads[slot] = this.#text.push(at);
    }
    return at;
  }

  /** The most similar text, of equally similar ones the earliest; null where none is similar enough. */
  nearest(shingles: Uint32Array): Neighbour | null {
    let best: Neighbour | null = null;
    this.#looks += 1;
    for (const [place, shingle] of this.#first(shingles).entries()) {
      for (let entry = this.#heads[shingle & (this.#heads.length - 1)] as number; entry !== 0; entry = this.#before.at(entry - 1)) {
        if (this.#shingle.at(entry - 1) !== shingle) continue;
        const at = this.#text.at(entry - 1);
        if (this.#looked.at(at) === this.#looks) continue;
        this.#looked.set(at, this.#looks);
        const other = this.#texts[at] as Uint32Array;
        const least = best?.similarity ?? this.#threshold;
        // it is the first that both have, so only what comes after it can be in both too
        const most = Math.min(shingles.length - place, other.length - this.#place.at(entry - 1));
        if (most < (least * (shingles.length + other.length)) / (1 + least) - SLACK || !isSimilar(shingles, other, least)) continue;
        const found = similarity(shingles, other);
        if (best === null || found > best.similarity || at < best.at) best = { at, similarity: found };
      }
    }
    return best;
  }

  #first(shingles: Uint32Array): Uint32Array {
    const most = shingles.length - Math.ceil(this.#threshold * shingles.length - SLACK) + 1;
    return shingles.toSorted((a, b) => this.#counts.of(a) - this.#counts.of(b) || a - b).subarray(0, shingles.length === 0 ? 0 : most);
  }
}
