import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from '../../schemas/canonical.ts';
import { campaignKey, cardKey, datasetPrefix, deletingKey, manifestPrefix } from '../../schemas/keys.ts';
import { RECORD_KEPT_MS } from '../campaign-reader.ts';
import { FOLDERS } from '../shards/verify-source.ts';
import { isThere, type ObjectStore } from '../store.ts';

/** What a dataset's generations hold. */
export interface Holdings {
  generations: number;
  files: number;
  bytes: number;
}

export interface Removed {
  objects: number;
  bytes: number;
}

const REMOVED_AT_ONCE = 1_000;

/** Counts manifests and the files of all generations; a campaign's own records are not counted. */
export async function holdings(store: ObjectStore, name: string): Promise<Holdings> {
  const held: Holdings = { generations: 0, files: 0, bytes: 0 };
  for await (const { bytes } of store.list(manifestPrefix(name))) Object.assign(held, { generations: held.generations + 1, bytes: held.bytes + bytes });
  for (const folder of FOLDERS) {
    for await (const { bytes } of store.list(`${datasetPrefix(name)}${folder}/`)) Object.assign(held, { files: held.files + 1, bytes: held.bytes + bytes });
  }
  return held;
}

/** From now on no campaign begins or goes on under this name, until the removal is over or called off. */
export async function markDeleting(store: ObjectStore, name: string): Promise<void> {
  await store.putIfAbsent(deletingKey(name), canonicalJson({ schema: 1 }));
}

export async function callOff(store: ObjectStore, name: string): Promise<void> {
  await store.remove([deletingKey(name)]);
}

/**
 * Removes everything under a name that is marked: manifests first, the newest one last, so that no reader sees half a dataset; the
 * campaign's record after all else, so that a killed removal goes on; the mark at the end, once every process has forgotten the record.
 */
export async function removeDataset(store: ObjectStore, name: string, { tell = () => {}, forgetMs = RECORD_KEPT_MS }: { tell?: (removed: Removed) => void; forgetMs?: number } = {}): Promise<Removed> {
  const removed: Removed = { objects: 0, bytes: 0 };
  const last = new Set([campaignKey(name), deletingKey(name)]);
  for (const prefix of [manifestPrefix(name), cardKey(name), datasetPrefix(name)]) {
    let keys: string[] = [];
    const remove = async () => {
      await store.remove(keys);
      removed.objects += keys.length;
      keys = [];
      tell(removed);
    };
    for await (const { key, bytes } of store.list(prefix)) {
      if (last.has(key)) continue;
      keys.push(key);
      removed.bytes += bytes;
      if (keys.length === REMOVED_AT_ONCE) await remove();
    }
    await remove();
  }
  // also where an earlier run has removed it, moments ago
  const wasCampaign = await isThere(store, campaignKey(name));
  if (wasCampaign) await store.remove([campaignKey(name)]);
  await sleep(forgetMs);
  await store.remove([deletingKey(name)]);
  return { ...removed, objects: removed.objects + (wasCampaign ? 1 : 0) };
}
