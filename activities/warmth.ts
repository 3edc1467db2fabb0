import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson, canonicalObject, lastingJson, sha256Hex } from '../schemas/canonical.ts';
import type { CampaignFile } from '../schemas/campaign.ts';
import type { CacheTtl, ModelRequest, SendOptions } from './model.ts';

/** How long the provider keeps a prefix after its last use, ms: https://platform.claude.com/docs/en/build-with-claude/prompt-caching */
const KEPT_MS: Record<CacheTtl, number> = { '5m': 5 * 60_000, '1h': 60 * 60_000 };
/** The provider counts from its own clock, and from when it began. */
const MARGIN_MS = 5_000;
/** Longest wait for another call that is out to write a prefix: then this one goes out and writes it itself. */
const LONGEST_WAIT_MS = 60_000;

/** A shorter prefix is not cached by any model of the price table, characters. */
const SHORTEST_CACHED = 4_000;

const NONE: readonly never[] = [];

type CacheSetting = CampaignFile['model']['cacheTtl'];
/** How a call stands to the provider's cache. */
export interface CacheUse extends Pick<SendOptions, 'cacheTtl' | 'onBegun'> {
  /** To be told when the call goes out, and when it has come back without an answer and waits: those who wait for it wait on. */
  onOut?: (out: boolean) => void;
}
type Send<T> = (use: CacheUse) => Promise<T>;

interface Prefix {
  /** Set while a first call is out that writes it. */
  writing: Promise<void> | null;
  /** When that call went out, ms; null while it waits its turn, as those who wait for it would have to. */
  sent: number | null;
  /** Resolves when it goes out. */
  out: Promise<void>;
  /** Last use, ms. */
  used: number;
  ttl: CacheTtl;
}

/**
 * What the provider's prompt cache holds, as far as this process can know. The first call with a cold prefix goes out alone; calls
 * with the same prefix wait until the provider has begun to answer it, because only then can they read what it wrote: otherwise
 * each of them would pay for the writing. A prefix that lapsed between two uses less than an hour apart is next written for an
 * hour, so that thin traffic does not write it again at each use.
 */
export class Warmth {
  readonly #prefixes = new Map<string, Prefix>();
  readonly #now: () => number;

  /** `now`: milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Sends when the prefix is warm, or first; `send` gets the options that concern the cache. */
  async through<T>(provider: string, request: ModelRequest, setting: CacheSetting, send: Send<T>): Promise<T> {
    const key = prefixKey(provider, request);
    if (key === null) return await send({});
    for (;;) {
      const prefix = this.#prefixes.get(key);
      if (prefix === undefined || prefix.writing === null) return await this.#use(key, prefix, setting, send);
      const left = prefix.sent === null ? null : prefix.sent + LONGEST_WAIT_MS - this.#now();
      if (left !== null && left <= 0) return await send({ cacheTtl: prefix.ttl });
      await Promise.race([prefix.writing, left === null ? prefix.out : sleep(left, undefined, { ref: false })]);
    }
  }

  async #use<T>(key: string, prefix: Prefix | undefined, setting: CacheSetting, send: Send<T>): Promise<T> {
    if (prefix === undefined || this.#now() - prefix.used >= KEPT_MS[prefix.ttl] - MARGIN_MS) return await this.#write(key, this.#ttlOf(setting, prefix), send);
    prefix.used = this.#now();
    return await send({ cacheTtl: prefix.ttl });
  }

  async #write<T>(key: string, ttl: CacheTtl, send: Send<T>): Promise<T> {
    let begun = () => {};
    let gone = () => {};
    const going = () => new Promise<void>((resolve) => (gone = resolve));
    const entry: Prefix = { writing: new Promise<void>((resolve) => (begun = resolve)), sent: null, out: going(), used: this.#now(), ttl };
    this.#prefixes.set(key, entry);
    const onOut = (out: boolean) => {
      entry.sent = out ? this.#now() : null;
      if (out) gone();
      else entry.out = going();
    };
    const written = () => {
      entry.writing = null;
      entry.used = this.#now();
      begun();
    };
    try {
      const answer = await send({ cacheTtl: ttl, onBegun: written, onOut });
      written();
      return answer;
    } catch (error) {
      // nobody knows whether it was written: whoever waits takes its place
      if (this.#prefixes.get(key) === entry && entry.writing !== null) this.#prefixes.delete(key);
      begun();
      throw error;
    }
  }

  #ttlOf(setting: CacheSetting, lapsed: Prefix | undefined): CacheTtl {
    if (setting !== 'auto') return setting;
    const thin = lapsed !== undefined && lapsed.writing === null && this.#now() - lapsed.used < KEPT_MS['1h'];
    return thin ? '1h' : '5m';
  }
}

/** Everything up to the last breakpoint, and what stands before it in the provider's order; null where nothing will be cached. */
function prefixKey(provider: string, { model, schema, structured, tools, system }: ModelRequest): string | null {
  const end = system.findLastIndex((block) => block.breakpoint === true);
  const prefix = end + 1 === system.length ? system : system.slice(0, end + 1);
  if (prefix.reduce((sum, block) => sum + block.text.length, 0) < SHORTEST_CACHED) return null;
  return sha256Hex(canonicalObject({ of: canonicalJson({ provider, model, structured }), schema: lastingJson(schema), tools: lastingJson(tools ?? NONE), system: lastingJson(prefix) }));
}
