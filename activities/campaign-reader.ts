import { CampaignRecord, SettingRecord } from '../schemas/records.ts';
import { campaignKey, objectKey, parseIndexedName, settingsPrefix } from '../schemas/keys.ts';
import { sha256Hex } from '../schemas/canonical.ts';
import { Situation } from '../schemas/situation.ts';
import { CorruptData } from './failures.ts';
import type { ObjectStore } from './store.ts';

const CACHED_OBJECTS = 2_000;

/** Reads a campaign's immutable parts once a process: the record, its listing, prompts and texts. */
export class CampaignReader {
  readonly store: ObjectStore;
  readonly #campaigns = new Map<string, Promise<CampaignRecord>>();
  readonly #listings = new Map<string, Promise<Situation[]>>();
  readonly #objects = new Map<string, Promise<string>>();

  constructor(store: ObjectStore) {
    this.store = store;
  }

  campaign(name: string): Promise<CampaignRecord> {
    return cached(this.#campaigns, name, async () => {
      const bytes = await this.store.get(campaignKey(name));
      if (bytes === null) throw new CorruptData(`campaign "${name}" has no campaign.json in ${this.store.describe()}`);
      return CampaignRecord.parse(JSON.parse(decode(bytes)));
    });
  }

  /** Every later change of the campaign, in order. Not cached: they come while it runs. */
  async settings(name: string): Promise<SettingRecord[]> {
    const settings: SettingRecord[] = [];
    for await (const { key } of this.store.list(settingsPrefix(name))) {
      const bytes = await this.store.get(key);
      if (bytes !== null) settings.push(SettingRecord.parse(JSON.parse(decode(bytes))));
    }
    return settings;
  }

  /** One situation of the campaign's listing, or of the listing that an extension put in its place. */
  async situation(name: string, index: number): Promise<Situation> {
    const { listing } = await this.campaign(name);
    const known = (await this.situations(listing))[index];
    if (known !== undefined) return known;
    const extended = (await this.settings(name)).findLast((setting) => setting.listing !== undefined)?.listing;
    const situation = extended === undefined ? undefined : (await this.situations(extended))[index];
    if (situation === undefined) throw new CorruptData(`campaign "${name}" lists no situation ${index}`);
    return situation;
  }

  situations(listing: { sha256: string }): Promise<Situation[]> {
    return cached(this.#listings, listing.sha256, async () => {
      const lines = (await this.text(listing.sha256)).trimEnd().split('\n');
      return lines.map((line) => Situation.parse(JSON.parse(line)));
    });
  }

  /** An object's text, its hash checked. */
  text(sha256: string): Promise<string> {
    if (this.#objects.size > CACHED_OBJECTS) this.#objects.clear();
    return cached(this.#objects, sha256, async () => {
      const bytes = await this.store.get(objectKey(sha256));
      if (bytes === null) throw new CorruptData(`object ${sha256} is missing from ${this.store.describe()}`);
      if (sha256Hex(bytes) !== sha256) throw new CorruptData(`object ${sha256} does not match its hash in ${this.store.describe()}`);
      return decode(bytes);
    });
  }

  /** Stores a text under its hash and keeps it at hand. */
  async save(text: string): Promise<string> {
    const sha256 = sha256Hex(text);
    await this.store.putIfAbsent(objectKey(sha256), text);
    this.#objects.set(sha256, Promise.resolve(text));
    return sha256;
  }
}

/** Keys of situations [from, to) under a prefix whose names begin with the index. */
export async function* keysBetween(store: ObjectStore, prefix: string, from: number, to: number): AsyncIterable<string> {
  // "~" sorts after every key of the index before
  const after = from === 0 ? undefined : `${prefix}${String(from - 1).padStart(7, '0')}~`;
  for await (const { key } of store.list(prefix, after)) {
    if (parseIndexedName(key).index >= to) return;
    yield key;
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** A failed read is forgotten, so that the next attempt reads again. */
function cached<T>(cache: Map<string, Promise<T>>, key: string, read: () => Promise<T>): Promise<T> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const fresh = read();
  cache.set(key, fresh);
  fresh.catch(() => cache.delete(key));
  return fresh;
}
