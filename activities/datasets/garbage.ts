import { z } from 'zod';
import { checkpointsPrefix, datasetPrefix, manifestKey, manifestPrefix } from '../../schemas/keys.ts';
import { readManifest } from '../shards/manifest.ts';
import { FOLDERS } from '../shards/verify-source.ts';
import type { Listed, ObjectStore } from '../store.ts';
import { sweeping } from './sweep.ts';

/** What of a dataset stays, beside everything that is no generation's. */
export interface Keep {
  /** So many newest generations; at least one. */
  newest: number;
  /** Generations named one by one. */
  generations: readonly number[];
  /** Files younger than this and generations that were the newest one since are left alone, ms: a page may be sealed and not published yet, and a reader not through. */
  ageMs: number;
}

export interface ListedManifest extends Listed {
  generation: number;
}

export interface KeptGeneration {
  generation: number;
  /** `young`: it was the newest one not long ago. `trained on`: checkpoints of `run` say so, and a training goes on from them with this generation alone. */
  why: 'newest' | 'named' | 'young' | 'trained on';
  run?: string;
}

/** What can go: all that no kept generation names. */
export interface Garbage {
  kept: KeptGeneration[];
  manifests: ListedManifest[];
  files: Listed[];
  /** What no generation names either, and is too young to go. */
  young: Listed[];
}

/** A generation to keep that is not there. */
export class NoSuchGeneration extends Error {
  override name = 'NoSuchGeneration';
  readonly present: readonly number[];

  constructor(generation: number, present: readonly number[]) {
    super(`no generation ${generation}`);
    this.present = present;
  }
}

/** Keys removed between two looks at the clock. */
const REMOVED_AT_ONCE = 1_000;

/** Looks for garbage; `now` in ms since the epoch, by the store's clock. Throws CorruptData for a kept manifest that cannot be read. */
export async function findGarbage(store: ObjectStore, campaign: string, keep: Keep, now: number): Promise<Garbage> {
  const present: Listed[] = [];
  // before the manifests, so that what is published meanwhile is not missed
  for (const folder of FOLDERS) for await (const file of store.list(`${datasetPrefix(campaign)}${folder}/`)) present.push(file);
  const manifests: ListedManifest[] = [];
  for await (const each of store.list(manifestPrefix(campaign))) manifests.push({ ...each, generation: Number(/(\d+)\.json$/.exec(each.key)?.[1]) });
  const known = manifests.map(({ generation }) => generation);
  const missing = keep.generations.find((generation) => !known.includes(generation));
  if (missing !== undefined) throw new NoSuchGeneration(missing, known);

  const isYoung = ({ modified }: Listed) => now - modified < keep.ageMs;
  const last = await readManifest(store, campaign, known.at(-1));
  const trainings = last === null ? [] : await trainingsOn(store, last.fingerprint);
  const kept: KeptGeneration[] = [];
  const named = new Set<string>();
  for (const [i, each] of manifests.entries()) {
    const training = trainings.find(({ generation }) => generation === each.generation);
    const next = manifests[i + 1];
    const isNewest = next === undefined || i >= manifests.length - keep.newest;
    const why = isNewest ? 'newest' : keep.generations.includes(each.generation) ? 'named' : training !== undefined ? 'trained on' : isYoung(next) ? 'young' : null;
    if (why === null) continue;
    kept.push({ generation: each.generation, why, ...(why === 'trained on' ? { run: training?.run ?? '' } : {}) });
    // one at a time: each names every file of its generation
    const manifest = await readManifest(store, campaign, each.generation);
    for (const { key } of manifest?.pages.flatMap(({ files }) => files) ?? []) named.add(`${datasetPrefix(campaign)}${key}`);
  }
  const stays = new Set(kept.map(({ generation }) => manifestKey(campaign, generation)));
  const unnamed = present.filter(({ key }) => !named.has(key));
  return {
    kept,
    manifests: manifests.filter(({ key }) => !stays.has(key)),
    files: unnamed.filter((file) => !isYoung(file)),
    young: unnamed.filter(isYoung),
  };
}

/** Removes garbage, manifests before the files that they name. Beside a campaign that runs too: see sweep.ts. */
export async function removeGarbage(store: ObjectStore, campaign: string, keep: Keep, stopped: () => boolean = () => false): Promise<Garbage> {
  const removed: Garbage = { kept: [], manifests: [], files: [], young: [] };
  for (let over = false; !over; ) {
    over = await sweeping(store, campaign, async (sweep) => {
      const garbage = await findGarbage(store, campaign, keep, sweep.now);
      Object.assign(removed, { kept: garbage.kept, young: garbage.young });
      const remove = async <What extends Listed>(all: What[], gone: What[]): Promise<void> => {
        for (let i = 0; i < all.length && sweep.protected() && !stopped(); i += REMOVED_AT_ONCE) {
          const some = all.slice(i, i + REMOVED_AT_ONCE);
          await store.remove(some.map(({ key }) => key));
          gone.push(...some);
        }
      };
      await remove(garbage.manifests, removed.manifests);
      await remove(garbage.files, removed.files);
      return sweep.protected() || stopped();
    });
  }
  return removed;
}

/** What of a checkpoint's state says which dataset it was trained on. */
const TrainedOn = z.object({ run: z.string(), fingerprint: z.string(), generation: z.int() });

/** Runs whose newest checkpoint was trained on this dataset, and on which generation of it. */
export async function trainingsOn(store: ObjectStore, fingerprint: string): Promise<{ run: string; generation: number }[]> {
  const newest = new Map<string, string>();
  for await (const { key } of store.list(checkpointsPrefix)) if (key.endsWith('/state.json')) newest.set(key.slice(checkpointsPrefix.length).split('/')[0] as string, key);
  const runs: { run: string; generation: number }[] = [];
  for (const key of newest.values()) {
    const state = TrainedOn.safeParse(JSON.parse(new TextDecoder().decode((await store.get(key)) ?? new TextEncoder().encode('null'))));
    if (state.success && state.data.fingerprint === fingerprint) runs.push(state.data);
  }
  return runs;
}
