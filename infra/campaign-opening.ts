import { canonicalJson, contentHash, sha256Hex } from '../schemas/canonical.ts';
import { campaignKey, deletingKey, objectKey } from '../schemas/keys.ts';
import type { CampaignRecord, SettingRecord } from '../schemas/records.ts';
import { listingText } from '../activities/listing.ts';
import { applySettings } from '../activities/campaign-state.ts';
import type { Structured } from '../activities/model.ts';
import { readManifest } from '../activities/shards/manifest.ts';
import { isThere, type ObjectStore } from '../activities/store.ts';
import { writerIdentity } from './arrow/writer.ts';
import { addSetting, freeName, readCampaign, readSettings } from './campaign-records.ts';
import { fingerprintParts, type CampaignSource } from './campaign-source.ts';
import { keptChapters, settleChapters, type Chapter } from './library/chapters.ts';
import { keptFields } from './kept-fields.ts';
import type { Provider } from './provider.ts';
import { Slots } from './slots.ts';
import { storedCounts, type TokenCounter } from './token-counter.ts';
import { openTools } from './tools/index.ts';
import { UsageError } from './usage-error.ts';

export type Opened = { how: 'new' | 'attached' | 'extended'; campaign: CampaignRecord };

/**
 * Writes campaign.json and all it refers to, or finds that it is there. Same fingerprint: attach. Only more situations, or
 * concurrency, budget, stopAfter or mode changed: extend by a settings record. Else refuse, also where price, cache time or patience changed, which no
 * record could hold. `counter` counts the chapters of a new campaign; one
 * that is there keeps its own.
 * @throws UsageError naming the part that differs and a free name.
 */
export async function openCampaign(store: ObjectStore, sketch: CampaignSource, provider: Provider, structured: Structured, counter: TokenCounter | null = null): Promise<Opened> {
  const { file } = sketch;
  const writer = await writerIdentity(file.compression);
  if (await isThere(store, deletingKey(file.name))) throw new UsageError(`${sketch.path}: name: "${file.name}" is being deleted: \`exemplar delete ${file.name}\` goes on, and then the name is free`);
  const known = await readCampaign(store, file.name);
  if (known === null && (await readManifest(store, file.name))?.merged !== undefined) throw new UsageError(`${sketch.path}: name: "${file.name}" is a merged dataset; choose another name, such as ${await freeName(store, file.name)}`);
  const source = { ...sketch, chapters: await settledChapters(store, sketch, provider, known, counter) };
  const parts = fingerprintParts(source, provider, structured, writer);
  if (known === null) {
    const campaign = await create(store, source, provider, { structured, parts, writer });
    if (campaign !== null) return { how: 'new', campaign };
    return await openCampaign(store, sketch, provider, structured, counter);
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
  const { stopAfter } = file;
  if (stopAfter !== undefined && differs(stopAfter, current.stopAfter) && differs(stopAfter, known.file.stopAfter)) change.stopAfter = stopAfter;
  const { mode = 'interactive' } = file.model;
  if (mode !== current.mode && mode !== (known.file.model.mode ?? 'interactive')) change.mode = mode;
  if (Object.keys(change).length === 0) return { how: 'attached', campaign: known };
  await addSetting(store, file.name, change);
  return { how: 'extended', campaign: known };
}

function differs(a: unknown, b: unknown): boolean {
  return contentHash([a ?? null]) !== contentHash([b ?? null]);
}

async function settledChapters(store: ObjectStore, { file, texts }: CampaignSource, provider: Provider, known: CampaignRecord | null, counter: TokenCounter | null): Promise<Chapter[]> {
  const { chapterTokens } = file.library;
  const kept = known?.file.library.chapterTokens === chapterTokens ? keptChapters(texts, known.chapters) : null;
  return kept ?? (await settleChapters(texts, chapterTokens, counter === null ? null : storedCounts(store, provider.identity, file.model.name, counter)));
}

/** Puts under way at once: a large library has thousands of chapters. */
const PUTS_AT_ONCE = 16;

async function create(store: ObjectStore, source: CampaignSource, provider: Provider, made: Pick<CampaignRecord, 'structured' | 'parts' | 'writer'>): Promise<CampaignRecord | null> {
  const { file, agents, chapters, prompts, quote } = source;
  const slots = new Slots(PUTS_AT_ONCE);
  await Promise.all(chapters.map((chapter) => slots.run(() => store.putIfAbsent(objectKey(chapter.sha256), chapter.text))));
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
    tools: await offeredTools(file.tools),
    prompts: Object.fromEntries(Object.entries(prompts).map(([name, text]) => [name, sha256Hex(text)])),
    actor: file.actor,
    quote,
  };
  return (await store.putIfAbsent(campaignKey(file.name), canonicalJson(campaign))) ? campaign : null;
}

/** What the tools say of themselves, as it will stand in every prompt. @throws Error naming the MCP server that cannot be reached. */
async function offeredTools(specs: CampaignSource['file']['tools']): Promise<CampaignRecord['tools']> {
  const open = await openTools(specs, process.cwd());
  await open.close();
  return open.tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
}

async function saveListing(store: ObjectStore, { listing }: CampaignSource): Promise<CampaignRecord['listing']> {
  const text = listingText(listing.situations);
  const sha256 = sha256Hex(text);
  await store.putIfAbsent(objectKey(sha256), text);
  return { sha256, count: listing.situations.length, duplicates: listing.duplicates };
}

/** What a refusal shows the values of: the others are hashes, or have many figures. */
const LEGIBLE: ReadonlySet<string> = new Set(['provider', 'writer', 'pageSize', 'compression', 'model.cacheTtl', 'patience']);

async function checkParts(store: ObjectStore, source: CampaignSource, known: CampaignRecord, parts: CampaignRecord['parts']): Promise<void> {
  const [was, is] = [{ ...known.parts, ...keptFields(known.file) }, { ...parts, ...keptFields(source.file) }] as [Record<string, unknown>, Record<string, unknown>];
  const differing = Object.keys(is).filter((part) => contentHash([was[part] ?? null]) !== contentHash([is[part]]) && !(part === 'situations' && extendsListing(source, known)));
  // another compression makes another writer, for which the file has no field
  const told = differing.filter((part) => part !== 'writer' || !differing.includes('compression'));
  const [first] = told;
  if (first === undefined) return;
  const { name } = source.file;
  const detail = LEGIBLE.has(first) ? ` (was ${String(was[first])}, is ${String(is[first])})` : '';
  throw new UsageError(`${source.path}: ${told.join(', ')} differ${told.length === 1 ? 's' : ''} from the campaign "${name}" that exists${detail}; choose another name, such as ${await freeName(store, name)}`);
}

/** A file of situations may grow at its end. */
function extendsListing({ file, listing }: CampaignSource, known: CampaignRecord): boolean {
  if (file.situations.from !== 'file' || known.file.situations.from !== 'file') return false;
  const first = listing.situations.slice(0, known.listing.count).map((situation) => situation.id);
  return contentHash({ from: 'file', first }) === known.parts['situations'];
}
