import type { DataRow } from '../../schemas/rows.ts';

/** Exact value of the plans at one place on their main lines; nats. */
export interface VersionValue {
  /** Revision number, or `final`. */
  version: string;
  mean: number;
  /** Standard deviation of the sample; 0 for one plan. */
  sd: number;
  n: number;
}

export type ValuedRow = Pick<DataRow, 'branch' | 'revision' | 'is_final' | 'log_reward'>;

/** Mean and spread by one pass, after B. P. Welford, Technometrics 4 (1962). */
class Moments {
  n = 0;
  mean = 0;
  #squares = 0;

  add(value: number): void {
    this.n += 1;
    const from = value - this.mean;
    this.mean += from / this.n;
    this.#squares += from * (value - this.mean);
  }

  get sd(): number {
    return this.n > 1 ? Math.sqrt(this.#squares / (this.n - 1)) : 0;
  }
}

/** Values of the versions on main lines, by revision and of the final ones, row by row; nothing where no world knows them. */
export class ValuesByVersion {
  readonly #revisions = new Map<number, Moments>();
  readonly #final = new Moments();

  add({ branch, revision, is_final, log_reward }: ValuedRow): void {
    if (branch !== 'main' || log_reward === null) return;
    let moments = this.#revisions.get(revision);
    if (moments === undefined) this.#revisions.set(revision, (moments = new Moments()));
    moments.add(log_reward);
    if (is_final) this.#final.add(log_reward);
  }

  list(): VersionValue[] {
    const revisions = [...this.#revisions].sort(([a], [b]) => a - b).map(([revision, moments]): [string, Moments] => [String(revision), moments]);
    return [...revisions, ['final', this.#final] as const].filter(([, { n }]) => n > 0).map(([version, { mean, sd, n }]) => ({ version, mean, sd, n }));
  }
}
