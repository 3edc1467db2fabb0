import { CampaignReader } from '../activities/campaign-reader.ts';
import type { ObjectStore } from '../activities/store.ts';
import { canonicalJson } from '../schemas/canonical.ts';
import { campaignKey, settingKey } from '../schemas/keys.ts';
import { CampaignRecord, type SettingRecord } from '../schemas/records.ts';

export async function readCampaign(store: ObjectStore, name: string): Promise<CampaignRecord | null> {
  const bytes = await store.get(campaignKey(name));
  return bytes === null ? null : CampaignRecord.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

/** Every later change of a campaign, in order. */
export function readSettings(store: ObjectStore, name: string): Promise<SettingRecord[]> {
  return new CampaignReader(store).settings(name);
}

/** Appends a change of settings; the loser of a race takes the next number. */
export async function addSetting(store: ObjectStore, name: string, change: Omit<SettingRecord, 'schema' | 'n'>): Promise<SettingRecord> {
  for (;;) {
    const n = ((await readSettings(store, name)).at(-1)?.n ?? 0) + 1;
    const record: SettingRecord = { schema: 1, n, ...change };
    if (await store.putIfAbsent(settingKey(name, n), canonicalJson(record))) return record;
  }
}

/** A name like this one that no campaign has. */
export async function freeName(store: ObjectStore, name: string): Promise<string> {
  let free = 2;
  while ((await store.get(campaignKey(`${name}-${free}`))) !== null) free += 1;
  return `${name}-${free}`;
}
