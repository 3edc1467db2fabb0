import { readManifest } from '../activities/shards/manifest.ts';
import { isThere, type ObjectStore } from '../activities/store.ts';
import { readCampaign } from '../infra/campaign-records.ts';
import { S3Store } from '../infra/store-s3.ts';
import { UsageError } from '../infra/usage-error.ts';
import { deletingKey } from '../schemas/keys.ts';
import type { CampaignRecord } from '../schemas/records.ts';
import { configured } from './environment.ts';

/** A server that has stopped to answer is asked anew. */
const IDLE_MS = 20_000;

/** The object store alone, for verbs that read datasets; `bucket` in place of the configured one. */
export function openStore(bucket?: string): S3Store {
  const { s3 } = configured();
  return new S3Store({ ...s3, bucket: bucket ?? s3.bucket, idleMs: IDLE_MS });
}

/** @throws UsageError where the store has no such campaign. */
export async function requireCampaign(store: ObjectStore, name: string): Promise<CampaignRecord> {
  const campaign = await readCampaign(store, name);
  await refuseDeleting(store, name);
  if (campaign !== null) return campaign;
  const merged = (await readManifest(store, name))?.merged;
  if (merged === undefined) throw noDataset(store, name);
  throw new UsageError(`NAME: "${name}" is a dataset merged from ${merged.sources.map((source) => source.campaign).join(', ')}: no campaign runs under this name`);
}

/** @throws UsageError where the store has neither a campaign nor a merged dataset of this name. */
export async function requireDataset(store: ObjectStore, name: string): Promise<void> {
  await refuseDeleting(store, name);
  if ((await readCampaign(store, name)) === null && (await readManifest(store, name))?.merged === undefined) throw noDataset(store, name);
}

export function noDataset(store: ObjectStore, name: string): UsageError {
  return new UsageError(`NAME: there is no campaign "${name}" in ${store.describe()}; \`exemplar status\` lists those that exist`);
}

async function refuseDeleting(store: ObjectStore, name: string): Promise<void> {
  if (await isThere(store, deletingKey(name))) throw new UsageError(`NAME: "${name}" is being deleted: \`exemplar delete ${name}\` goes on`);
}
