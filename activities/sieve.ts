import type { ImaginedSource } from '../schemas/campaign.ts';
import type { Origin, Sieve } from '../schemas/imagined.ts';
import { isSimilar } from './diversity.ts';

/** Asks in a row without a situation worth keeping after which a cell is given up. */
const MOST_FRUITLESS = 3;

/** An ask that the sieve waits for. */
export interface Ask {
  cell: number;
  ask: number;
}

/** Shingles of the candidates that an ask brought, in order; undefined where it is not answered yet. */
export type Candidates = (cell: number, ask: number) => readonly Uint32Array[] | undefined;

export function emptySieve(cells: number): Sieve {
  return { schema: 1, visits: 0, kept: [], nearDuplicates: 0, cells: Array.from({ length: cells }, () => ({ asks: 0, looked: 0, fruitless: 0 })) };
}

/**
 * Goes on sifting until enough is kept, every cell is given up, or an answer is missing. Cells are visited in turn; a visit keeps the
 * cell's next candidate that resembles nothing kept before. So what is kept depends on the answers alone, not on the order in which
 * they came, and a smaller count keeps the beginning of what a larger one keeps.
 */
export function sift(sieve: Sieve, { count, similarity }: Pick<ImaginedSource, 'count' | 'similarity'>, candidates: Candidates): { sieve: Sieve; wanted: Ask[] } {
  const next = structuredClone(sieve);
  const texts = next.kept.map(([cell, ask, place]) => candidates(cell, ask)?.[place] as Uint32Array);
  const cells = next.cells.map((state, number) => new Pool(state, (ask) => candidates(number, ask)));
  while (next.kept.length < count && cells.some((cell) => cell.live)) {
    const number = next.visits % cells.length;
    const cell = cells[number] as Pool;
    if (!cell.live) {
      next.visits += 1;
      continue;
    }
    const { candidate } = cell;
    if (candidate === undefined) {
      if (!cell.open()) return { sieve: next, wanted: wantedBy(cells, next.visits, count - next.kept.length) };
      continue;
    }
    const origin: Origin = [number, ...cell.take()];
    if (texts.some((other) => isSimilar(other, candidate, similarity))) {
      next.nearDuplicates += 1;
      continue;
    }
    next.kept.push(origin);
    texts.push(candidate);
    cell.state.fruitless = 0;
    next.visits += 1;
  }
  return { sieve: next, wanted: [] };
}

/** What a cell still has of its last answer. */
class Pool {
  readonly state: Sieve['cells'][number];
  readonly #answer: (ask: number) => readonly Uint32Array[] | undefined;

  constructor(state: Sieve['cells'][number], answer: (ask: number) => readonly Uint32Array[] | undefined) {
    this.state = state;
    this.#answer = answer;
  }

  /** Not given up. */
  get live(): boolean {
    return this.state.fruitless < MOST_FRUITLESS || this.candidate !== undefined;
  }

  get candidate(): Uint32Array | undefined {
    return this.state.asks === 0 ? undefined : this.#answer(this.state.asks - 1)?.[this.state.looked];
  }

  /** Takes up the next answer; false where there is none yet. It counts as fruitless until something of it is kept. */
  open(): boolean {
    if (this.#answer(this.state.asks) === undefined) return false;
    Object.assign(this.state, { asks: this.state.asks + 1, looked: 0, fruitless: this.state.fruitless + 1 });
    return true;
  }

  /** Ask and place of the candidate, which is then looked at. */
  take(): [ask: number, place: number] {
    this.state.looked += 1;
    return [this.state.asks - 1, this.state.looked - 1];
  }
}

/** Asks that are sure to be needed: a visit keeps one situation at most, so at least `missing` visits are to come. */
function wantedBy(cells: readonly Pool[], visits: number, missing: number): Ask[] {
  const next = cells.map((_, i) => (visits + i) % cells.length).filter((number) => cells[number]?.live === true);
  return next.slice(0, missing).flatMap((number) => {
    const { candidate, state } = cells[number] as Pool;
    return candidate === undefined ? [{ cell: number, ask: state.asks }] : [];
  });
}
