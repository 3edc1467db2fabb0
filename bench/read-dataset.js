/* Reads every value of a pulled dataset, a record batch at a time, and checks nothing but hashes: what bench/verify.js compares with. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBatches } from '../dist/infra/arrow/batches.js';
import { sha256Hex } from '../dist/schemas/canonical.js';

const folder = /** @type {string} */ (process.argv[2]);
const { pages } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
let rows = 0;
for (const { key, sha256 } of pages.flatMap((/** @type {any} */ page) => page.files)) {
  const bytes = readFileSync(join(folder, key));
  if (sha256Hex(bytes) !== sha256) throw new Error(`${key}: wrong hash`);
  for (const batch of (await openBatches(bytes)).batches()) rows += batch.rows().length;
}
console.log(rows);
