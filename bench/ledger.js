import { readManifest } from '../dist/activities/shards/manifest.js';
import { readArrow } from '../dist/infra/arrow/reader.js';
import { datasetPrefix } from '../dist/schemas/keys.js';

/** @typedef {import('../schemas/rows.ts').LedgerRow} LedgerRow */

/**
 * Every paid call of a campaign's last generation.
 * @param {import('../activities/store.ts').ObjectStore} store
 * @param {string} name
 * @returns {Promise<LedgerRow[]>}
 */
export async function readLedger(store, name) {
  const manifest = await readManifest(store, name);
  const rows = [];
  for (const { kind, key } of (manifest?.pages ?? []).flatMap(({ files }) => files)) {
    if (kind !== 'ledger') continue;
    const bytes = await store.get(`${datasetPrefix(name)}${key}`);
    if (bytes === null) throw new Error(`${key} is missing from ${store.describe()}`);
    for (const row of await readArrow(bytes)) rows.push(/** @type {LedgerRow} */ (row));
  }
  return rows;
}
