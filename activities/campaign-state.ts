import { grantsPrefix, outcomesPrefix, parseIndexedName } from '../schemas/keys.ts';
import type { Manifest } from '../schemas/manifest.ts';
import { GrantRecord, OutcomeRecord, type CampaignRecord, type SettingRecord } from '../schemas/records.ts';
import type { CampaignReader } from './campaign-reader.ts';

/** The campaign file as later settings have changed it. */
export interface CurrentSettings {
  /** Number of the last settings record; 0 for none. */
  n: number;
  listing: CampaignRecord['listing'];
  concurrency: number;
  /** USD; null: none. */
  budget: number | null;
  state: 'running' | 'paused' | 'cancelled';
  /** Try of each retried situation. */
  tries: Map<number, number>;
}

export function applySettings(campaign: CampaignRecord, settings: SettingRecord[]): CurrentSettings {
  const current: CurrentSettings = {
    n: settings.at(-1)?.n ?? 0,
    listing: campaign.listing,
    concurrency: campaign.file.concurrency,
    budget: campaign.file.budget ?? null,
    state: 'running',
    tries: new Map(),
  };
  for (const setting of settings) {
    if (setting.listing !== undefined) current.listing = setting.listing;
    if (setting.concurrency !== undefined) current.concurrency = setting.concurrency;
    if (setting.budget !== undefined) current.budget = setting.budget;
    if (setting.state !== undefined) current.state = setting.state;
    for (const [index, attempt] of Object.entries(setting.retry ?? {})) current.tries.set(Number(index), attempt);
  }
  return current;
}

/** Situations of a page: [from, to). */
export function pageBounds(page: number, pageSize: number, count: number): { from: number; to: number } {
  return { from: page * pageSize, to: Math.min(count, (page + 1) * pageSize) };
}

/** Pages that the last manifest holds whole, and that no later setting has opened again. */
export function sealedPages(campaign: CampaignRecord, settings: SettingRecord[], current: CurrentSettings, manifest: Manifest | null): Set<number> {
  const { pageSize } = campaign.file;
  const sealed = new Set<number>();
  for (const seal of manifest?.pages ?? []) {
    const { from, to } = pageBounds(seal.page, pageSize, current.listing.count);
    const reopened = settings.some(
      (setting) => setting.n > seal.settings && Object.keys(setting.retry ?? {}).some((index) => Number(index) >= from && Number(index) < to),
    );
    if (seal.situations === to - from && (seal.outcomes.waiting ?? 0) === 0 && !reopened) sealed.add(seal.page);
  }
  return sealed;
}

/** Every outcome of a page's situations, by index, older tries first. */
export async function pageOutcomes(reader: CampaignReader, campaign: string, from: number, to: number): Promise<Map<number, OutcomeRecord[]>> {
  const outcomes = new Map<number, OutcomeRecord[]>();
  const keys: string[] = [];
  for await (const key of between(reader, outcomesPrefix(campaign), from, to)) keys.push(key);
  const records = await Promise.all(keys.map((key) => read(reader, key)));
  for (const record of records.map((json) => OutcomeRecord.parse(json)).sort((a, b) => a.index - b.index || a.try - b.try)) {
    outcomes.set(record.index, [...(outcomes.get(record.index) ?? []), record]);
  }
  return outcomes;
}

/**
 * Nano-dollars that the unsealed pages have used up: what outcomes cost, and, at worst case, every grant without an outcome.
 */
export async function openSpending(reader: CampaignReader, campaign: string, sealed: (index: number) => boolean, count: number): Promise<number> {
  let nanoUsd = 0;
  const ended = new Set<string>();
  for await (const key of between(reader, outcomesPrefix(campaign), 0, count)) {
    const { index, try: attempt } = parseIndexedName(key);
    ended.add(`${index}.${attempt}`);
    if (!sealed(index)) nanoUsd += OutcomeRecord.parse(await read(reader, key)).nanoUsd;
  }
  for await (const key of between(reader, grantsPrefix(campaign), 0, count)) {
    const { index, try: attempt } = parseIndexedName(key);
    if (!sealed(index) && !ended.has(`${index}.${attempt}`)) nanoUsd += GrantRecord.parse(await read(reader, key)).nanoUsd;
  }
  return nanoUsd;
}

async function* between(reader: CampaignReader, prefix: string, from: number, to: number): AsyncIterable<string> {
  // "~" sorts after every key of the index before
  const after = from === 0 ? undefined : `${prefix}${String(from - 1).padStart(7, '0')}~`;
  for await (const { key } of reader.store.list(prefix, after)) {
    if (parseIndexedName(key).index >= to) return;
    yield key;
  }
}

async function read(reader: CampaignReader, key: string): Promise<unknown> {
  const bytes = await reader.store.get(key);
  return JSON.parse(new TextDecoder().decode(bytes));
}
