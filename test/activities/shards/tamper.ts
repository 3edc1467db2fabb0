import type { z } from 'zod';
import { readArrow } from '../../../infra/arrow/reader.ts';
import { writeArrow } from '../../../infra/arrow/writer.ts';
import { arrowSchema } from '../../../schemas/arrow.ts';
import { canonicalJson, sha256Hex } from '../../../schemas/canonical.ts';
import { datasetPrefix, manifestKey } from '../../../schemas/keys.ts';
import type { FileEntry, Manifest } from '../../../schemas/manifest.ts';
import { DataRow, LedgerRow, SituationRow } from '../../../schemas/rows.ts';
import type { MemoryStore } from '../../fakes/memory-store.ts';
import { NAME, publishedDataset } from './dataset.ts';

const SHAPES = { data: DataRow, situations: SituationRow, ledger: LedgerRow };

/** As the manifest counts them, by a slower way than the product's. */
export function countGroups(rows: readonly DataRow[]): { groups: number; pairs: number } {
  const labelled = (index: number, label: DataRow['label']) => rows.filter((row) => row.situation_index === index && row.label === label).length;
  const groups = [...new Set(rows.map((row) => row.situation_index))].filter((index) => labelled(index, 'positive') > 0 && labelled(index, 'negative') > 0);
  return { groups: groups.length, pairs: groups.reduce((sum, index) => sum + labelled(index, 'negative'), 0) };
}

/** A published dataset whose manifest can be made to agree with a forged file, so that only deeper checks can tell. */
export class Forgery {
  readonly store: MemoryStore;
  readonly manifest: Manifest;

  private constructor(store: MemoryStore, manifest: Manifest) {
    this.store = store;
    this.manifest = structuredClone(manifest);
  }

  static async begin(): Promise<Forgery> {
    const { store, manifest } = await publishedDataset();
    return new Forgery(store, manifest);
  }

  key(file: FileEntry): string {
    return `${datasetPrefix(NAME)}${file.key}`;
  }

  /** The file of a kind that holds a situation. */
  async fileOf(kind: 'data' | 'situations', index: number): Promise<FileEntry> {
    for (const file of this.manifest.pages.flatMap((page) => page.files)) {
      if (file.kind !== kind) continue;
      const rows = await readArrow<SituationRow>(this.store.objects.get(this.key(file)) as Uint8Array);
      if (rows.some((row) => row.situation_index === index)) return file;
    }
    throw new Error(`no ${kind} file holds situation ${index}`);
  }

  /** Rewrites a file with its rows changed; name, hash, size and row count in the manifest follow. */
  async rewrite<Row extends object>(file: FileEntry, change: (rows: Row[]) => Row[], shape: z.ZodObject = SHAPES[file.kind]): Promise<void> {
    const rows = change(await readArrow<Row>(this.store.objects.get(this.key(file)) as Uint8Array));
    const bytes = await writeArrow(arrowSchema(shape), rows, { compression: 'zstd' });
    this.store.objects.delete(this.key(file));
    const sha256 = sha256Hex(bytes);
    const key = file.key.replace(/[0-9a-f]{12}\.arrow$/, `${sha256.slice(0, 12)}.arrow`);
    Object.assign(file, { key, sha256, bytes: bytes.length, rows: rows.length, ...(file.kind === 'data' ? countGroups(rows as unknown as DataRow[]) : {}) });
    this.store.objects.set(this.key(file), bytes);
    this.saveManifest();
  }

  /** Changes single fields of the rows for which `of` holds. */
  async alter(kind: 'data' | 'situations', index: number, of: (row: DataRow) => boolean, change: Partial<DataRow & SituationRow>): Promise<string> {
    const file = await this.fileOf(kind, index);
    await this.rewrite<DataRow>(file, (rows) => rows.map((row) => (row.situation_index === index && of(row) ? { ...row, ...change } : row)));
    return file.key;
  }

  saveManifest(): void {
    this.store.objects.set(manifestKey(NAME, this.manifest.generation), new TextEncoder().encode(canonicalJson(this.manifest)));
  }
}
