import { sha256Hex } from '../../schemas/canonical.ts';
import { datasetPrefix } from '../../schemas/keys.ts';
import type { FileEntry } from '../../schemas/manifest.ts';
import { CorruptData } from '../failures.ts';
import type { ObjectStore } from '../store.ts';
import type { PageFile } from './page-files.ts';

/** Puts one file of a page, if absent, and says what the manifest says of it. Equal bytes have an equal key. */
export async function putFile(store: ObjectStore, dataset: string, page: number, { bytes, ...entry }: PageFile): Promise<FileEntry> {
  const sha256 = sha256Hex(bytes);
  const name = [...(entry.split === null ? [] : [entry.split]), String(page).padStart(5, '0'), sha256.slice(0, 12)].join('-');
  const key = `${entry.kind}/${name}.arrow`;
  await putOnce(store, `${datasetPrefix(dataset)}${key}`, bytes);
  return { ...entry, page, key, sha256, bytes: bytes.length };
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
