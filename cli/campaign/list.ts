import { readManifest } from '../../activities/shards/manifest.ts';
import { isThere, type ObjectStore } from '../../activities/store.ts';
import { campaignKey, datasetPrefix, deletingKey } from '../../schemas/keys.ts';
import { isPreview } from './preview-name.ts';

const DATASETS = 'datasets/';

/** Names of all campaigns in the store, previews left out. */
export interface CampaignNames {
  begun: string[];
  /** They have no record yet: their situations are being imagined, or were. */
  imagined: string[];
  /** No campaigns: datasets merged from theirs. */
  merged: string[];
  /** Their deletion has begun and not ended. */
  deleting: string[];
}

export async function listCampaigns(store: ObjectStore): Promise<CampaignNames> {
  const names: CampaignNames = { begun: [], imagined: [], merged: [], deleting: [] };
  for await (const name of datasetNames(store)) if (!isPreview(name)) names[(await kindOf(store, name)) ?? 'imagined'].push(name);
  return names;
}

/** Names under which anything is stored, previews included: one listing request each, their other keys are skipped. */
export async function* datasetNames(store: ObjectStore): AsyncIterable<string> {
  for (let after: string | undefined; ; ) {
    const first = await firstKey(store, DATASETS, after);
    if (first === null) return;
    const name = first.slice(DATASETS.length).split('/')[0] as string;
    yield name;
    // "~" sorts after every character of a key below the prefix
    after = `${datasetPrefix(name)}~`;
  }
}

/** What stands under a name; null for nothing. */
export async function kindOf(store: ObjectStore, name: string): Promise<keyof CampaignNames | null> {
  if (await isThere(store, deletingKey(name))) return 'deleting';
  if (await isThere(store, campaignKey(name))) return 'begun';
  if ((await firstKey(store, datasetPrefix(name))) === null) return null;
  return (await readManifest(store, name))?.merged === undefined ? 'imagined' : 'merged';
}

async function firstKey(store: ObjectStore, prefix: string, after?: string): Promise<string | null> {
  for await (const { key } of store.list(prefix, after)) return key;
  return null;
}
