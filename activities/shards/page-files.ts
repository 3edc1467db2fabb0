import { ArrowFile } from '../../infra/arrow/writer.ts';
import { DATA_SCHEMA, LEDGER_SCHEMA, SITUATIONS_SCHEMA } from '../../schemas/arrow.ts';
import { SPLITS, type Compression, type Split } from '../../schemas/campaign.ts';
import type { FileEntry } from '../../schemas/manifest.ts';
import type { DataRow, LedgerRow, SituationRow } from '../../schemas/rows.ts';

/** A whole file, and what its entry in the manifest says of its rows. */
export type PageFile = Pick<FileEntry, 'kind' | 'split' | 'rows' | 'groups' | 'pairs'> & { bytes: Uint8Array };

/** All rows of one situation. */
export interface SituationRows {
  situation: SituationRow;
  versions: readonly DataRow[];
  ledger: readonly LedgerRow[];
}

interface SplitFiles {
  data: ArrowFile;
  situations: ArrowFile;
  groups: number;
  pairs: number;
}

/** A page's files in the making. Situations come in index order, and nothing of them is held once their rows are written. */
export class PageFiles {
  readonly #splits: Record<Split, SplitFiles>;
  readonly #ledger: ArrowFile;
  #nanoUsd = 0n;

  private constructor(splits: Record<Split, SplitFiles>, ledger: ArrowFile) {
    this.#splits = splits;
    this.#ledger = ledger;
  }

  static async begin(compression: Compression): Promise<PageFiles> {
    const file = (schema: typeof DATA_SCHEMA) => ArrowFile.begin(schema, { compression });
    const files = async (split: Split): Promise<[Split, SplitFiles]> => [split, { data: await file(DATA_SCHEMA), situations: await file(SITUATIONS_SCHEMA), groups: 0, pairs: 0 }];
    return new PageFiles(Object.fromEntries(await Promise.all(SPLITS.map(files))) as Record<Split, SplitFiles>, await file(LEDGER_SCHEMA));
  }

  get calls(): number {
    return this.#ledger.rows;
  }

  get nanoUsd(): number {
    return Number(this.#nanoUsd);
  }

  add({ situation, versions, ledger }: SituationRows): void {
    const files = this.#splits[situation.split];
    files.situations.append(situation);
    for (const row of versions) files.data.append(row);
    const pairs = pairsOf(versions);
    files.groups += pairs === 0 ? 0 : 1;
    files.pairs += pairs;
    for (const row of ledger) {
      this.#ledger.append(row);
      this.#nanoUsd += row.nano_usd ?? 0n;
    }
  }

  /** One file after another; none without rows but the ledger, and that only where one is wanted. */
  async *finish({ ledger }: { ledger: boolean }): AsyncGenerator<PageFile> {
    for (const split of SPLITS) {
      const { data, situations, groups, pairs } = this.#splits[split];
      if (data.rows > 0) yield { kind: 'data', split, rows: data.rows, groups, pairs, bytes: await data.finish() };
      if (situations.rows > 0) yield { kind: 'situations', split, rows: situations.rows, bytes: await situations.finish() };
    }
    if (ledger) yield { kind: 'ledger', split: null, rows: this.#ledger.rows, bytes: await this.#ledger.finish() };
  }
}

/** Negatives of one situation that has a positive, on whatever branch; 0 where it has none. */
export function pairsOf(versions: readonly Pick<DataRow, 'label'>[]): number {
  return versions.some(({ label }) => label === 'positive') ? versions.filter(({ label }) => label === 'negative').length : 0;
}
