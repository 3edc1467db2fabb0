import { writeArrow } from '../../infra/arrow/writer.ts';
import { DATA_SCHEMA, LEDGER_SCHEMA, SITUATIONS_SCHEMA } from '../../schemas/arrow.ts';
import type { Compression } from '../../schemas/campaign.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import { datasetPrefix } from '../../schemas/keys.ts';
import type { FileEntry } from '../../schemas/manifest.ts';
import { CorruptData } from '../failures.ts';
import type { ObjectStore } from '../store.ts';

const SCHEMAS = { data: DATA_SCHEMA, situations: SITUATIONS_SCHEMA, ledger: LEDGER_SCHEMA };

/** Writes one file of a page, put if absent, and says what it holds. Equal rows give equal bytes under an equal key. */
export async function writeFile(store: ObjectStore, dataset: string, { kind, split, page }: Pick<FileEntry, 'kind' | 'split' | 'page'>, rows: readonly object[], compression: Compression): Promise<FileEntry> {
  const bytes = await writeArrow(SCHEMAS[kind], rows, { compression });
  const sha256 = sha256Hex(bytes);
  const name = [...(split === null ? [] : [split]), String(page).padStart(5, '0'), sha256.slice(0, 12)].join('-');
  const key = `${kind}/${name}.arrow`;
  await putOnce(store, `${datasetPrefix(dataset)}${key}`, bytes);
  return { kind, split, page, key, sha256, bytes: bytes.length, rows: rows.length };
}

/** A file that is there already must hold these bytes: its key names only the beginning of their hash. */
async function putOnce(store: ObjectStore, key: string, bytes: Uint8Array): Promise<void> {
  if (await store.putIfAbsent(key, bytes)) return;
  const present = await store.get(key);
  if (present === null) {
    // a leftover that `gc` has just removed
    if (await store.putIfAbsent(key, bytes)) return;
  } else if (sha256Hex(present) === sha256Hex(bytes)) return;
  throw new CorruptData(`${key} in ${store.describe()} holds other bytes than its name says`);
}
