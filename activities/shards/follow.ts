import { setTimeout as sleep } from 'node:timers/promises';
import { manifestPrefix } from '../../schemas/keys.ts';
import type { Manifest } from '../../schemas/manifest.ts';
import type { CampaignRecord } from '../../schemas/records.ts';
import { CampaignReader } from '../campaign-reader.ts';
import { applySettings, runsOutside, sealedPages } from '../campaign-state.ts';
import type { ObjectStore } from '../store.ts';
import { mayPass } from './fetch-file.ts';
import { readManifest } from './manifest.ts';
import { Interrupted, pull, type Pulled, type PullOptions } from './pull.ts';

export interface FollowOptions extends Omit<PullOptions, 'generation' | 'forward'> {
  /** Between two looks at the store, milliseconds. */
  everyMs?: number;
}

/** What a look at the store shows: whether more is to come, and the newest generation so far. */
interface Look {
  state: 'running' | 'done' | 'cancelled';
  manifest: Manifest | null;
}

/**
 * Keeps a folder at the newest generation of a campaign: yields each that it has become. Ends once all that the campaign plans is
 * sealed and pulled, or, without an error, when `signal` says so. A store in trouble is waited for.
 */
export async function* follow(store: ObjectStore, campaign: CampaignRecord, path: string, options: FollowOptions = {}): AsyncGenerator<Pulled> {
  const { everyMs = 5_000, say = () => undefined, signal } = options;
  const watch = new Watch(store, campaign);
  const seen = new Set<string>();
  let [at, said] = [0, ''];
  const sayOnce = (line: string) => {
    if (line !== said) say(line);
    said = line;
  };
  while (signal?.aborted !== true) {
    try {
      const { state, manifest } = await watch.look();
      if (manifest !== null && manifest.generation > at) {
        const pulled = await pull(store, campaign.name, path, { ...options, seen, generation: manifest.generation, forward: true });
        at = pulled.generation;
        yield pulled;
      }
      if (state === 'done') return;
      if (state === 'cancelled') sayOnce(`campaign "${campaign.name}" is cancelled: waiting for it to be resumed; Ctrl-C ends`);
      else if (manifest === null) sayOnce(`campaign "${campaign.name}" has published nothing yet: waiting`);
    } catch (error) {
      if (error instanceof Interrupted) return;
      if (!mayPass(error)) throw error;
      sayOnce(`${(error as Error).message.split('\n')[0]}: waiting`);
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

/** A campaign as the store shows it. A manifest is read once: it never changes. */
class Watch {
  readonly #store: ObjectStore;
  readonly #campaign: CampaignRecord;
  #manifest: Manifest | null = null;
  #after: string | undefined;

  constructor(store: ObjectStore, campaign: CampaignRecord) {
    this.#store = store;
    this.#campaign = campaign;
  }

  async look(): Promise<Look> {
    let newer: string | undefined;
    for await (const { key } of this.#store.list(manifestPrefix(this.#campaign.name), this.#after)) newer = key;
    if (newer !== undefined) {
      this.#manifest = await readManifest(this.#store, this.#campaign.name, Number(/(\d+)\.json$/.exec(newer)?.[1]));
      this.#after = newer;
    }
    const settings = await new CampaignReader(this.#store).settings(this.#campaign.name);
    const current = applySettings(this.#campaign, settings);
    const done = runsOutside(this.#campaign, current, sealedPages(this.#campaign, settings, current, this.#manifest)).length === 0;
    return { state: done ? 'done' : current.state === 'cancelled' ? 'cancelled' : 'running', manifest: this.#manifest };
  }
}
