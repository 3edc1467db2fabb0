import { canonicalJson, contentHash, sha256Hex } from '../schemas/canonical.ts';
import { campaignKey, objectKey, settingKey } from '../schemas/keys.ts';
import { CampaignRecord, type SettingRecord } from '../schemas/records.ts';
import { CampaignReader } from '../activities/campaign-reader.ts';
import { applySettings } from '../activities/campaign-state.ts';
import type { Structured } from '../activities/model.ts';
import type { ObjectStore } from '../activities/store.ts';
import { writerIdentity } from './arrow/writer.ts';
import { fingerprintParts, type CampaignSource } from './campaign-source.ts';
import type { Provider } from './provider.ts';
import { UsageError } from './usage-error.ts';

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

export type Opened = { how: 'new' | 'attached' | 'extended'; campaign: CampaignRecord };

/**
 * Writes campaign.json and all it refers to, or finds that it is there. Same fingerprint: attach. Only more situations, or
 * concurrency or budget changed: extend by a settings record. Else refuse.
 * @throws UsageError naming the part that differs and a free name.
 */
export async function openCampaign(store: ObjectStore, source: CampaignSource, provider: Provider, structured: Structured): Promise<Opened> {
  const { file } = source;
  const writer = await writerIdentity(file.compression);
  const parts = fingerprintParts(source, provider, structured, writer);
  const known = await readCampaign(store, file.name);
  if (known === null) {
    const campaign = await create(store, source, provider, { structured, parts, writer });
    if (campaign !== null) return { how: 'new', campaign };
    return await openCampaign(store, source, provider, structured);
  }
  await checkParts(store, source, known, parts);
  const settings = await readSettings(store, file.name);
  const current = applySettings(known, settings);
  const count = source.listing.situations.length;
  if (count < current.listing.count) throw new UsageError(`${source.path}: situations.count: campaign "${file.name}" already has ${current.listing.count}; it can only grow`);
  const change: Omit<SettingRecord, 'schema' | 'n'> = {};
  if (count > current.listing.count) change.listing = await saveListing(store, source);
  if (file.concurrency !== current.concurrency && file.concurrency !== known.file.concurrency) change.concurrency = file.concurrency;
  if (file.budget !== undefined && file.budget !== current.budget && file.budget !== known.file.budget) change.budget = file.budget;
  if (Object.keys(change).length === 0) return { how: 'attached', campaign: known };
  await addSetting(store, file.name, change);
  return { how: 'extended', campaign: known };
}

async function create(store: ObjectStore, source: CampaignSource, provider: Provider, made: Pick<CampaignRecord, 'structured' | 'parts' | 'writer'>): Promise<CampaignRecord | null> {
  const { file, agents, chapters, prompts } = source;
  await Promise.all(chapters.map((chapter) => store.putIfAbsent(objectKey(chapter.sha256), chapter.text)));
  await Promise.all(Object.values(prompts).map((text) => store.putIfAbsent(objectKey(sha256Hex(text)), text)));
  const campaign: CampaignRecord = {
    schema: 1,
    name: file.name,
    file,
    fingerprint: contentHash(made.parts),
    ...made,
    provider: provider.identity,
    simulated: provider.simulated,
    listing: await saveListing(store, source),
    agents,
    chapters: chapters.map(({ text: _text, ...chapter }) => chapter),
    prompts: Object.fromEntries(Object.entries(prompts).map(([name, text]) => [name, sha256Hex(text)])),
    actor: file.actor,
  };
  return (await store.putIfAbsent(campaignKey(file.name), canonicalJson(campaign))) ? campaign : null;
}

async function saveListing(store: ObjectStore, { listing }: CampaignSource): Promise<CampaignRecord['listing']> {
  const text = listing.situations.map((situation) => `${canonicalJson(situation)}\n`).join('');
  const sha256 = sha256Hex(text);
  await store.putIfAbsent(objectKey(sha256), text);
  return { sha256, count: listing.situations.length, duplicates: listing.duplicates };
}

async function checkParts(store: ObjectStore, source: CampaignSource, known: CampaignRecord, parts: CampaignRecord['parts']): Promise<void> {
  const differing = Object.keys(parts).filter((part) => parts[part] !== known.parts[part] && !(part === 'situations' && extendsListing(source, known)));
  if (differing.length === 0) return;
  const { name } = source.file;
  let free = 2;
  while ((await store.get(campaignKey(`${name}-${free}`))) !== null) free += 1;
  const first = differing[0] as string;
  const detail = first === 'provider' || first === 'writer' || first === 'pageSize' ? ` (was ${known.parts[first]}, is ${parts[first]})` : '';
  throw new UsageError(`${source.path}: ${differing.join(', ')} differ${differing.length === 1 ? 's' : ''} from the campaign "${name}" that exists${detail}; choose another name, such as ${name}-${free}`);
}

/** A file of situations may grow at its end. */
function extendsListing({ file, listing }: CampaignSource, known: CampaignRecord): boolean {
  if (file.situations.from !== 'file' || known.file.situations.from !== 'file') return false;
  const first = listing.situations.slice(0, known.listing.count).map((situation) => situation.id);
  return contentHash({ from: 'file', first }) === known.parts['situations'];
}
