import { readManifest } from '../../activities/shards/manifest.ts';
import { ValuesByVersion, type ValuedRow, type VersionValue } from '../../activities/curation/values.ts';
import type { ObjectStore } from '../../activities/store.ts';
import { readArrow } from '../../infra/arrow/reader.ts';
import { datasetPrefix } from '../../schemas/keys.ts';
import type { DataRow } from '../../schemas/rows.ts';
import { counted } from '../figures.ts';
import { columns } from '../output.ts';

/** A mean of fewer plans says little: the table leaves it out. */
const FEWEST_PLANS = 5;

/** Rows of the last generation's data files, every split. */
export async function readDataRows(store: ObjectStore, name: string): Promise<DataRow[]> {
  const manifest = await readManifest(store, name);
  const rows: DataRow[] = [];
  for (const file of (manifest?.pages ?? []).flatMap(({ files }) => files)) {
    if (file.kind !== 'data') continue;
    const bytes = await store.get(`${datasetPrefix(name)}${file.key}`);
    if (bytes === null) throw new Error(`${file.key} is missing from ${store.describe()}`);
    for (const row of await readArrow<DataRow>(bytes)) rows.push(row);
  }
  return rows;
}

/** Mean value by revision on the main lines, then of the final versions. Later revisions have fewer plans: others had converged. */
export function valuesByVersion(rows: readonly ValuedRow[]): VersionValue[] {
  const values = new ValuesByVersion();
  for (const row of rows) values.add(row);
  return values.list();
}

export function valuesText(values: readonly VersionValue[]): string {
  if (values.length === 0) return 'the world gives no values for these plans';
  const shown = values.filter(({ version, n }) => version === 'final' || n >= FEWEST_PLANS);
  const left = values.length - shown.length;
  const rows = shown.map(({ version, mean, sd, n }) => [`  ${version}`, mean.toFixed(3), sd.toFixed(3), String(n)]);
  return ['exact value of the plans in the simulated world (log reward, nats) by version', columns([['  VERSION', 'MEAN', 'SD', 'PLANS'], ...rows], [1, 2, 3]), ...(left === 0 ? [] : [`  (${counted(left, 'later version')} with fewer than ${FEWEST_PLANS} plans left out)`])].join('\n');
}
