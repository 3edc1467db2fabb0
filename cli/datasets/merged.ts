import { merge } from '../../activities/datasets/merge.ts';
import { parseSource, sourceText } from '../../activities/datasets/sources.ts';
import { readManifest } from '../../activities/shards/manifest.ts';
import type { ObjectStore } from '../../activities/store.ts';
import { UsageError } from '../../infra/usage-error.ts';
import { CampaignFile } from '../../schemas/campaign.ts';
import { datasetPrefix } from '../../schemas/keys.ts';
import type { Manifest, Merged } from '../../schemas/manifest.ts';
import { OUTCOMES } from '../../schemas/records.ts';
import { openStore } from '../datasets.ts';
import { count, counted } from '../figures.ts';
import { columns, type Output } from '../output.ts';

export interface MergeOptions {
  json?: boolean;
  into: string;
  splitLike?: string;
  mixSimulated?: boolean;
}

/** Merges and says what became of each source's situations. */
export async function mergeDatasets(names: readonly string[], { into, splitLike, mixSimulated = false }: MergeOptions, output: Output): Promise<void> {
  const fault = CampaignFile.shape.name.safeParse(into).error?.issues[0]?.message;
  if (fault !== undefined) throw new UsageError(`--into: ${fault} (is ${JSON.stringify(into)})`);
  const sources = names.map(parseSource);
  const store = openStore();
  const { manifest, unchanged } = await merge(store, { into, sources, splitLike, mixSimulated, tell: (source) => output.say(`merging ${sourceText(source)}, generation ${source.manifest.generation}`) });
  output.result({ ...view(manifest), unchanged }, text(manifest, store, unchanged));
}

/** A merged dataset as users see it. */
export interface MergedView {
  name: string;
  generation: number;
  situations: number;
  converged: number;
  duplicates: number;
  /** Law hashes of simulated sources, or null. */
  simulated: string | null;
  sources: { name: string; generation: number; situations: number; dropped: number; moved: number }[];
}

export async function viewMerged(store: ObjectStore, name: string): Promise<MergedView> {
  return view((await readManifest(store, name)) as Manifest);
}

export async function showMerged(store: ObjectStore, name: string, output: Output): Promise<void> {
  const manifest = (await readManifest(store, name)) as Manifest;
  output.result(view(manifest), text(manifest, store));
}

/** A merged dataset in a line, below the campaigns. */
export function mergedLine({ name, generation, situations, simulated, sources }: MergedView): string {
  return `${name}${simulated === null ? '' : ' (sim)'}: merged from ${sources.map((source) => `${source.name}@${source.generation}`).join(', ')}; ${counted(situations, 'situation')}, generation ${generation}`;
}

function view({ campaign, generation, planned, outcomes, duplicates, simulated, merged }: Manifest): MergedView {
  const sources = (merged as Merged).sources.map((source) => ({ name: source.campaign, generation: source.generation, situations: source.to - source.from, dropped: source.dropped, moved: source.moved }));
  return { name: campaign, generation, situations: planned, converged: outcomes['converged'], duplicates, simulated, sources };
}

function text(manifest: Manifest, store: ObjectStore, unchanged = false): string {
  const { campaign, generation, planned, outcomes, simulated, merged } = manifest;
  const { sources, splits, seed } = merged as Merged;
  const rows = sources.map((source) => [`  ${source.campaign}@${source.generation}`, count(source.to - source.from), count(source.dropped), count(source.moved)]);
  const real = sources.filter((source) => source.simulated === null);
  return [
    `dataset ${campaign}: ${counted(planned, 'situation')} (${OUTCOMES.filter((outcome) => (outcomes[outcome] ?? 0) > 0).map((outcome) => `${count(outcomes[outcome])} ${outcome}`).join(', ')})`,
    columns([['  FROM', 'SITUATIONS', 'KNOWN', 'MOVED'], ...rows], [1, 2, 3]),
    `  KNOWN: dropped, as another source's row stands for them; MOVED: in another split than in their campaign's dataset`,
    `split ${splits.train}/${splits.validation}/${splits.test} by seed ${seed}`,
    ...(simulated === null ? [] : [real.length === 0 ? 'SIMULATED: a simulated model wrote these plans' : `PARTLY SIMULATED: only the plans of ${real.map((source) => source.campaign).join(', ')} are a real model's`]),
    `dataset      ${datasetPlace(campaign, store)}  generation ${generation}${unchanged ? ' (nothing has changed)' : ''}`,
  ].join('\n');
}

function datasetPlace(name: string, store: ObjectStore): string {
  return `${datasetPrefix(name)} in ${store.describe()}`;
}
