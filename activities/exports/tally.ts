import type { Split } from '../../schemas/campaign.ts';
import type { Manifest } from '../../schemas/manifest.ts';
import type { DataRow } from '../../schemas/rows.ts';
import type { ExportedVersion, Story } from './source.ts';
import type { Candidate, Drop } from './views/view.ts';

/** How many of something were looked at: `total` = `kept` + the sum of `dropped`, by reason. */
export interface Fates {
  total: number;
  kept: number;
  dropped: Record<string, number>;
}

export interface Counts {
  /** Those that were planned: a dropped one ended without converging, still waits, was filtered out, or no row came of it. */
  situations: Fates;
  /** Those of all situations: a kept one stands in some row. */
  versions: Fates;
  /** What the view made of the versions. */
  rows: Fates & { splits: Record<Split, number> };
}

/** Counts what became of every situation, version and row. */
export class Tally {
  readonly #situations = new Fate();
  readonly #versions = new Fate();
  readonly #rows = new Fate();
  readonly #splits: Record<Split, number> = { train: 0, validation: 0, test: 0 };

  /** A situation of which no view heard, and its versions. */
  dropped(story: Story, reason: string): void {
    this.#situations.drop(reason);
    this.#versions.drop(reason, story.versions.length);
  }

  /** A situation that a view was shown, with what it made of it. Returns the rows. */
  told({ situation, versions }: Story, candidates: Iterable<Candidate>, branch: 'main' | 'all'): object[] {
    const rows: object[] = [];
    const used = new Set<ExportedVersion>();
    const reasons = new Map<ExportedVersion | undefined, Drop>();
    for (const candidate of candidates) {
      if ('row' in candidate) {
        rows.push(candidate.row);
        for (const version of candidate.versions) used.add(version);
      } else {
        reasons.set(candidate.versions.at(-1), 'drop' in candidate ? candidate.drop : candidate.left);
        if ('drop' in candidate) this.#rows.drop(candidate.drop);
      }
    }
    this.#rows.keep(rows.length);
    this.#splits[situation.split] += rows.length;
    this.#versions.keep(used.size);
    for (const version of versions) if (!used.has(version)) this.#versions.drop(reasons.get(version) ?? reasonOf(version.row, branch));
    if (rows.length > 0) this.#situations.keep(1);
    else this.#situations.drop('noRow');
    return rows;
  }

  /** Situations that no file has: they wait. */
  counts({ planned }: Manifest): Counts {
    const waiting = planned - this.#situations.total;
    if (waiting > 0) this.#situations.drop('waiting', waiting);
    return { situations: this.#situations.fates(), versions: this.#versions.fates(), rows: { ...this.#rows.fates(), splits: { ...this.#splits } } };
  }
}

function reasonOf({ branch, label }: Pick<DataRow, 'branch' | 'label'>, allowed: 'main' | 'all'): string {
  if (allowed === 'main' && branch !== 'main') return 'branch';
  return label === 'equivalent' ? 'equivalent' : 'unused';
}

class Fate {
  #kept = 0;
  readonly #dropped = new Map<string, number>();

  keep(n: number): void {
    this.#kept += n;
  }

  drop(reason: string, n = 1): void {
    if (n > 0) this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + n);
  }

  get total(): number {
    return [...this.#dropped.values()].reduce((sum, n) => sum + n, this.#kept);
  }

  /** Reasons in alphabetical order, whatever came first. */
  fates(): Fates {
    return { total: this.total, kept: this.#kept, dropped: Object.fromEntries([...this.#dropped].sort(([a], [b]) => (a < b ? -1 : 1))) };
  }
}
