import { findGarbage, NoSuchGeneration, removeGarbage, type Garbage, type Keep, type KeptGeneration } from '../../activities/datasets/garbage.ts';
import { durationMs } from '../../activities/durations.ts';
import { formatRanges } from '../../activities/ranges.ts';
import { isThere, type Listed, type ObjectStore } from '../../activities/store.ts';
import { UsageError } from '../../infra/usage-error.ts';
import { deletingKey } from '../../schemas/keys.ts';
import { datasetNames } from '../campaign/list.ts';
import { openStore, requireDataset } from '../datasets.ts';
import { counted, size } from '../figures.ts';
import type { Output } from '../output.ts';

export interface GcOptions {
  json?: boolean;
  delete?: boolean;
  keep: number;
  keepGeneration: number[];
  olderThan: string;
}

/** Lists what no kept generation names, of one dataset or of all, and removes it where it is told to. Ctrl-C ends it between two requests. */
export async function collectGarbage(name: string | undefined, options: GcOptions, output: Output): Promise<void> {
  if (name === undefined && options.keepGeneration.length > 0) throw new UsageError('--keep-generation: needs NAME, as generations are numbered by dataset');
  const store = openStore();
  if (name !== undefined) await requireDataset(store, name);
  const keep: Keep = { newest: options.keep, generations: options.keepGeneration, ageMs: durationMs(options.olderThan) };
  const removes = options.delete === true;
  let stopped = false;
  process.once('SIGINT', () => (stopped = true));
  const datasets: DatasetGarbage[] = [];
  for await (const each of name === undefined ? datasetNames(store) : [name]) {
    if (stopped) break;
    if (await isThere(store, deletingKey(each))) output.say(`${each}: is being deleted; \`exemplar delete ${each}\` goes on`);
    else datasets.push(summary(each, await naming(each, removes ? removeGarbage(store, each, keep, () => stopped) : findGarbage(store, each, keep, Date.now()))));
  }
  const total = (field: 'manifests' | 'files' | 'bytes') => datasets.reduce((sum, each) => sum + each[field], 0);
  const result = { removed: removes, stopped, manifests: total('manifests'), files: total('files'), bytes: total('bytes'), datasets };
  output.result(result, text(result, options, name, store));
}

interface DatasetGarbage {
  name: string;
  kept: KeptGeneration[];
  generations: number[];
  manifests: number;
  files: number;
  bytes: number;
  /** Named by no generation, and too young to go. */
  young: { files: number; bytes: number };
}

async function naming(name: string, garbage: Promise<Garbage>): Promise<Garbage> {
  try {
    return await garbage;
  } catch (error) {
    if (!(error instanceof NoSuchGeneration)) throw error;
    const those = error.present.length === 0 ? 'it has none' : `it has ${formatRanges([...error.present])}`;
    throw new UsageError(`--keep-generation: "${name}" has ${error.message}; ${those}`);
  }
}

function summary(name: string, { kept, manifests, files, young }: Garbage): DatasetGarbage {
  const bytes = (listed: readonly Listed[]) => listed.reduce((sum, each) => sum + each.bytes, 0);
  const generations = manifests.map(({ generation }) => generation);
  return { name, kept, generations, manifests: manifests.length, files: files.length, bytes: bytes(manifests) + bytes(files), young: { files: young.length, bytes: bytes(young) } };
}

function text({ removed, stopped, datasets, ...total }: { removed: boolean; stopped: boolean; datasets: DatasetGarbage[]; manifests: number; files: number; bytes: number }, { olderThan }: GcOptions, name: string | undefined, store: ObjectStore): string {
  const what = (each: { manifests: number; files: number; bytes: number }) => `${counted(each.manifests, 'manifest')} and ${counted(each.files, 'file')}, ${size(each.bytes)}`;
  const lines = datasets.flatMap((each) => {
    // of all datasets only those are of interest that have something to remove
    if (name === undefined && each.manifests + each.files === 0) return [];
    return [
      `${each.name}: keeps ${keptText(each.kept)}`,
      `  ${removed ? 'removed' : 'would remove'} ${what(each)}${each.generations.length === 0 ? '' : ` (generations ${formatRanges(each.generations)})`}`,
      ...(each.young.files === 0 ? [] : [`  left alone: ${counted(each.young.files, 'file')} that no generation names, younger than ${olderThan}, ${size(each.young.bytes)}`]),
    ];
  });
  const sum = total.manifests + total.files === 0 ? `nothing ${removed ? 'was' : 'is'} to be removed` : `${removed ? 'removed' : 'would remove'} ${what(total)} in all`;
  const next = removed || total.manifests + total.files === 0 ? '' : `; nothing is removed yet: \`exemplar gc${name === undefined ? '' : ` ${name}`} --delete\` does it`;
  return [...lines, `${sum} (${store.describe()})${next}${stopped ? '; stopped, and the next run goes on' : ''}`].join('\n');
}

function keptText(kept: readonly KeptGeneration[]): string {
  if (kept.length === 0) return 'no generation, as none is published';
  const of = (why: KeptGeneration['why']) => kept.filter((each) => each.why === why).map(({ generation }) => generation);
  const parts = [
    `generations ${formatRanges(of('newest'))}`,
    ...(of('named').length === 0 ? [] : [`${formatRanges(of('named'))} as told`]),
    ...(of('young').length === 0 ? [] : [`${formatRanges(of('young'))} superseded not long ago`]),
    ...kept.filter(({ why }) => why === 'trained on').map(({ generation, run }) => `${generation} for the checkpoints of ${run ?? ''}`),
  ];
  return parts.join(', ');
}
