import { CampaignRecord, SettingRecord, StepRecord } from '../schemas/records.ts';
import { campaignKey, objectKey, parseIndexedName, settingsPrefix } from '../schemas/keys.ts';
import { sha256Hex } from '../schemas/canonical.ts';
import { Situation } from '../schemas/situation.ts';
import { CorruptData } from './failures.ts';
import { Recent } from './recent.ts';
import type { ObjectStore } from './store.ts';

/** Characters of objects kept at hand: a page's step records, and the texts and prompts of a few campaigns. */
const KEPT_CHARS = 24_000_000;
const KEPT_STEPS = 1_000;
const KEPT_SITUATIONS = 1_000;

/** How long a record is taken for granted, ms: under a name that was deleted another campaign may begin, once so much time has passed. */
export const RECORD_KEPT_MS = 10_000;

/** A campaign's record, its bytes, and when they were last read. */
interface KnownRecord {
  record: CampaignRecord;
  sha256: string;
  readAt: number;
}

/** Reads a campaign's immutable parts once a process: its listing, prompts and texts; and its record, which is looked at anew now and then. */
export class CampaignReader {
  readonly store: ObjectStore;
  readonly #campaigns = new Map<string, KnownRecord>();
  readonly #readingCampaigns = new Map<string, Promise<CampaignRecord>>();
  /** A listing's lines: parsed, a hundred thousand situations would fill the memory. */
  readonly #listings = new Map<string, Promise<string[]>>();
  readonly #situations = new Recent<Situation>(KEPT_SITUATIONS);
  readonly #objects = new Recent<string>(KEPT_CHARS);
  readonly #reading = new Map<string, Promise<string>>();
  readonly #steps = new Recent<StepRecord>(KEPT_STEPS);

  constructor(store: ObjectStore) {
    this.store = store;
  }

  async campaign(name: string): Promise<CampaignRecord> {
    const known = this.#campaigns.get(name);
    if (known !== undefined && performance.now() - known.readAt < RECORD_KEPT_MS) return known.record;
    const record = cached(this.#readingCampaigns, name, () => this.#readCampaign(name));
    return await record.finally(() => this.#readingCampaigns.delete(name));
  }

  /** The same object as long as the bytes are the same: much is kept that was made from it. */
  async #readCampaign(name: string): Promise<CampaignRecord> {
    const readAt = performance.now();
    const bytes = await this.store.get(campaignKey(name));
    if (bytes === null) {
      this.#campaigns.delete(name);
      throw new CorruptData(`campaign "${name}" has no campaign.json in ${this.store.describe()}`);
    }
    const sha256 = sha256Hex(bytes);
    const known = this.#campaigns.get(name);
    const record = known?.sha256 === sha256 ? known.record : CampaignRecord.parse(JSON.parse(decode(bytes)));
    this.#campaigns.set(name, { record, sha256, readAt });
    return record;
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
    const known = await this.#listed(listing, index);
    if (known !== undefined) return known;
    const extended = (await this.settings(name)).findLast((setting) => setting.listing !== undefined)?.listing;
    const situation = extended === undefined ? undefined : await this.#listed(extended, index);
    if (situation === undefined) throw new CorruptData(`campaign "${name}" lists no situation ${index}`);
    return situation;
  }

  /** Situations [from, to) of a listing; all of them by default. */
  async situations(listing: { sha256: string }, from = 0, to?: number): Promise<Situation[]> {
    return (await this.#lines(listing)).slice(from, to).map(parseSituation);
  }

  async #listed(listing: { sha256: string }, index: number): Promise<Situation | undefined> {
    const key = `${listing.sha256}/${index}`;
    const known = this.#situations.get(key);
    if (known !== undefined) return known;
    const line = (await this.#lines(listing))[index];
    if (line === undefined) return undefined;
    const situation = parseSituation(line);
    this.#situations.set(key, situation, 1);
    return situation;
  }

  #lines({ sha256 }: { sha256: string }): Promise<string[]> {
    return cached(this.#listings, sha256, async () => (await this.#read(sha256)).trimEnd().split('\n'));
  }

  /** An object's text, its hash checked. */
  async text(sha256: string): Promise<string> {
    const known = this.#objects.get(sha256);
    if (known !== undefined) return known;
    const text = await cached(this.#reading, sha256, () => this.#read(sha256));
    this.#reading.delete(sha256);
    this.#objects.set(sha256, text, text.length);
    return text;
  }

  async #read(sha256: string): Promise<string> {
    const bytes = await this.store.get(objectKey(sha256));
    if (bytes === null) throw new CorruptData(`object ${sha256} is missing from ${this.store.describe()}`);
    if (sha256Hex(bytes) !== sha256) throw new CorruptData(`object ${sha256} does not match its hash in ${this.store.describe()}`);
    return decode(bytes);
  }

  /** A step record, read once: the steps after a draft all look at its plan. Shared, so not to be changed. */
  async step(sha256: string): Promise<StepRecord> {
    const known = this.#steps.get(sha256);
    if (known !== undefined) return known;
    const step = StepRecord.parse(JSON.parse(await this.text(sha256)));
    this.#steps.set(sha256, step, 1);
    return step;
  }

  /** Stores a text under its hash and keeps it at hand. */
  async save(text: string): Promise<string> {
    const sha256 = sha256Hex(text);
    await this.store.putIfAbsent(objectKey(sha256), text);
    this.#objects.set(sha256, text, text.length);
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

function parseSituation(line: string): Situation {
  return Situation.parse(JSON.parse(line));
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
