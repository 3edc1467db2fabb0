import type { S3Store } from '../../infra/store-s3.ts';
import { campaignKey, datasetPrefix } from '../../schemas/keys.ts';
import { isPreview } from './preview-name.ts';

const DATASETS = 'datasets/';

/** Names of all campaigns in the store, previews left out. */
export interface CampaignNames {
  begun: string[];
  /** They have no record yet: their situations are being imagined, or were. */
  imagined: string[];
}

/** One listing request a campaign: their other keys are skipped. */
export async function listCampaigns(store: S3Store): Promise<CampaignNames> {
  const names: CampaignNames = { begun: [], imagined: [] };
  for (let after: string | undefined; ; ) {
    const first = await firstKey(store, after);
    if (first === null) return names;
    const name = first.slice(DATASETS.length).split('/')[0] as string;
    if (!isPreview(name)) (first <= campaignKey(name) ? names.begun : names.imagined).push(name);
    // "~" sorts after every character of a key below the prefix
    after = `${datasetPrefix(name)}~`;
  }
}

async function firstKey(store: S3Store, after: string | undefined): Promise<string | null> {
  for await (const { key } of store.list(DATASETS, after)) return key;
  return null;
}
