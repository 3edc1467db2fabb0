import { readCampaign } from '../infra/campaign-store.ts';
import { S3Store } from '../infra/store-s3.ts';
import { UsageError } from '../infra/usage-error.ts';
import type { CampaignRecord } from '../schemas/records.ts';
import { configured } from './environment.ts';

/** A server that has stopped to answer is asked anew. */
const IDLE_MS = 20_000;

/** The object store alone, for verbs that read datasets. */
export function openStore(): S3Store {
  return new S3Store({ ...configured().s3, idleMs: IDLE_MS });
}

/** @throws UsageError where the store has no such campaign. */
export async function requireCampaign(store: S3Store, name: string): Promise<CampaignRecord> {
  const campaign = await readCampaign(store, name);
  if (campaign === null) throw new UsageError(`NAME: there is no campaign "${name}" in ${store.describe()}; \`exemplar status\` lists those that exist`);
  return campaign;
}
