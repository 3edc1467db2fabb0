import { readManifest } from '../../activities/shards/manifest.ts';
import type { ObjectStore } from '../../activities/store.ts';
import { readArrow } from '../../infra/arrow/reader.ts';
import { datasetPrefix } from '../../schemas/keys.ts';
import type { DataRow } from '../../schemas/rows.ts';
import { counted } from '../figures.ts';
import { columns } from '../output.ts';

/** Exact value of the plans at one place on their main lines; nats. */
export interface VersionValue {
  /** Revision number, or `final`. */
  version: string;
  mean: number;
  /** Standard deviation of the sample; 0 for one plan. */
  sd: number;
  n: number;
}

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
export function valuesByVersion(rows: readonly Pick<DataRow, 'branch' | 'revision' | 'is_final' | 'log_reward'>[]): VersionValue[] {
  const main = rows.filter((row) => row.branch === 'main' && row.log_reward !== null);
  const revisions = [...new Set(main.map(({ revision }) => revision))].sort((a, b) => a - b);
  const groups = [
    ...revisions.map((revision) => ({ version: String(revision), rows: main.filter((row) => row.revision === revision) })),
    { version: 'final', rows: main.filter((row) => row.is_final) },
  ];
  return groups.filter((group) => group.rows.length > 0).map(({ version, rows: members }) => ({ version, ...moments(members.map((row) => row.log_reward as number)) }));
}

function moments(values: number[]): { mean: number; sd: number; n: number } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: n > 1 ? Math.sqrt(squares / (n - 1)) : 0, n };
}

export function valuesText(values: readonly VersionValue[]): string {
  if (values.length === 0) return 'the world gives no values for these plans';
  const shown = values.filter(({ version, n }) => version === 'final' || n >= FEWEST_PLANS);
  const left = values.length - shown.length;
  const rows = shown.map(({ version, mean, sd, n }) => [`  ${version}`, mean.toFixed(3), sd.toFixed(3), String(n)]);
  return ['exact value of the plans in the simulated world (log reward, nats) by version', columns([['  VERSION', 'MEAN', 'SD', 'PLANS'], ...rows], [1, 2, 3]), ...(left === 0 ? [] : [`  (${counted(left, 'later version')} with fewer than ${FEWEST_PLANS} plans left out)`])].join('\n');
}
