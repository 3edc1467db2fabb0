import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from '../../schemas/canonical.ts';
import { sweepKey, sweepsPrefix } from '../../schemas/keys.ts';
import type { Listed, ObjectStore } from '../store.ts';

/*
 * Removing garbage beside a campaign that runs. A seal may count on a file that an earlier try left behind: it has these bytes, no
 * manifest names it yet, and it is old. So a marker stands before the manifests are read and files are removed; who publishes looks
 * after the manifest stands. Either the sweep has seen the manifest, or the publisher sees the marker, or the sweep is over and its
 * removals can be seen: a file that is gone is then made again.
 */

/** A sweep begins nothing once its marker is so old, ms by its own clock. */
export const SWEEP_MS = 5 * 60_000;
/** A marker of this age is what a killed sweep left, ms. The rest is for clocks that differ: S3 takes no request of one that is 15 minutes off. */
const LAPSED_MS = 20 * 60_000;
const LOOK_MS = 1_000;

/** A sweep under way. */
export interface Sweep {
  /** By the store's clock, ms since the epoch. */
  now: number;
  /** False once the marker no longer protects what is removed. */
  protected(): boolean;
}

/** Runs `work` under a marker, which is gone afterwards. */
export async function sweeping<T>(store: ObjectStore, campaign: string, work: (sweep: Sweep) => Promise<T>): Promise<T> {
  const key = sweepKey(campaign, randomUUID());
  const began = performance.now();
  await store.put(key, canonicalJson({ schema: 1 }));
  try {
    const marker = (await markers(store, campaign)).find((each) => each.key === key);
    return await work({ now: marker?.modified ?? Date.now(), protected: () => performance.now() - began < SWEEP_MS });
  } finally {
    await store.remove([key]);
  }
}

/** Resolves once no sweep of the dataset is under way. */
export async function swept(store: ObjectStore, campaign: string): Promise<void> {
  while ((await markers(store, campaign)).some(({ modified }) => Date.now() - modified < LAPSED_MS)) await sleep(LOOK_MS);
}

async function markers(store: ObjectStore, campaign: string): Promise<Listed[]> {
  const found: Listed[] = [];
  for await (const each of store.list(sweepsPrefix(campaign))) found.push(each);
  return found;
}
