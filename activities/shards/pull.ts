import { campaignKey } from '../../schemas/keys.ts';
import type { FileEntry, Manifest } from '../../schemas/manifest.ts';
import { CampaignRecord } from '../../schemas/records.ts';
import { CorruptData } from '../failures.ts';
import type { ObjectStore } from '../store.ts';
import { datasetCard } from './card.ts';
import { fetchFile, type Patience } from './fetch-file.ts';
import { readManifest } from './manifest.ts';
import { PulledFolder, PullRefused } from './pulled-folder.ts';

/** Files fetched at once: each is in memory until it is written. */
const AT_ONCE = 8;

export interface Pulled {
  generation: number;
  /** Files that now lie in the folder, and how many of them were there already. */
  files: number;
  kept: number;
  /** Bytes of the files fetched. */
  bytes: number;
}

export interface PullOptions extends Partial<Patience> {
  /** By default the one that the folder holds a part of, else the last. */
  generation?: number | undefined;
  /** A folder that holds an earlier generation of the campaign may become the later one. */
  forward?: boolean;
  /** Hashes of files that this process has written or read there itself; it adds to them. */
  seen?: Set<string>;
  /** Hears of each file that is in the folder. */
  onFile?: (progress: Pulled & { done: number }) => void;
  /** Ends the pull between two files: `Interrupted` is thrown. */
  signal?: AbortSignal;
}

/** The user has had enough. */
export class Interrupted extends Error {
  override name = 'Interrupted';
}

/**
 * Copies one generation into a folder that is empty, or that an earlier pull of the same generation began to fill. Files there with the
 * right hash are kept, the others fetched, several at once; each appears whole, and `manifest.json` last. Killed at any moment, the next
 * pull goes on. Throws PullRefused for a folder with anything else in it, PullFailed where the disk takes no more, CorruptData for a file
 * whose bytes are not those of the manifest, each time that it is asked for.
 */
export async function pull(store: ObjectStore, campaign: string, path: string, options: PullOptions = {}): Promise<Pulled> {
  const { forward = false, pauseMs = 500, say = () => undefined, onFile = () => undefined, signal, seen = new Set<string>() } = options;
  const folder = await PulledFolder.open(path);
  const manifest = await chosenManifest(store, campaign, folder, options);
  const files = manifest.pages.flatMap((page) => page.files);
  requireOnce(manifest, files);
  const { record, card } = await readTexts(store, campaign, manifest);
  folder.require(manifest, forward);

  const pulled: Pulled = { generation: manifest.generation, files: files.length, kept: 0, bytes: 0 };
  let done = 0;
  const told = () => onFile({ ...pulled, done: ++done });
  const missing: FileEntry[] = [];
  for (const file of files) {
    if (signal?.aborted === true) throw new Interrupted();
    if (!(await folder.holds(file, seen))) missing.push(file);
    else {
      seen.add(file.sha256);
      pulled.kept += 1;
      told();
    }
  }
  if (missing.length === 0 && folder.isWhole(manifest)) return pulled;

  await folder.begin(manifest);
  await inTurns(missing, async (file) => {
    if (signal?.aborted === true) throw new Interrupted();
    await folder.write(file.key, await fetchFile(store, campaign, file, { pauseMs, say }));
    seen.add(file.sha256);
    pulled.bytes += file.bytes;
    told();
  });
  if (record !== null) await folder.write('campaign.json', record);
  await folder.write('README.md', card);
  await folder.end(manifest);
  return pulled;
}

async function chosenManifest(store: ObjectStore, campaign: string, folder: PulledFolder, { generation, forward }: PullOptions): Promise<Manifest> {
  if (generation === undefined && forward !== true && folder.begun !== null) {
    const begun = await readManifest(store, campaign, folder.begun);
    if (begun !== null) return begun;
  }
  const manifest = await readManifest(store, campaign, generation);
  if (manifest === null) throw new PullRefused(`campaign "${campaign}" has no ${generation === undefined ? 'published generation' : `generation ${generation}`} in ${store.describe()}`);
  return manifest;
}

function requireOnce(manifest: Manifest, files: readonly FileEntry[]): void {
  const seen = new Set<string>();
  const twice = files.find(({ key }) => seen.size === seen.add(key).size);
  if (twice !== undefined) throw new CorruptData(`the manifest of generation ${manifest.generation} names ${twice.key} twice`);
}

/** `campaign.json`, which a merged dataset has none of, and the card. */
async function readTexts(store: ObjectStore, campaign: string, manifest: Manifest): Promise<{ record: Uint8Array | null; card: string }> {
  if (manifest.merged !== undefined) return { record: null, card: datasetCard(manifest.merged.texts, manifest) };
  const where = `campaign.json of "${campaign}" in ${store.describe()}`;
  const record = await store.get(campaignKey(campaign));
  if (record === null) throw new CorruptData(`${where}: is missing`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(record));
  } catch (cause) {
    throw new CorruptData(`${where}: is not JSON`, { cause });
  }
  const parsed = CampaignRecord.safeParse(json);
  const issue = parsed.error?.issues[0];
  if (issue !== undefined) throw new CorruptData(`${where}: ${issue.path.join('.')}: ${issue.message}`);
  return { record, card: datasetCard((parsed.data as CampaignRecord).chapters, manifest) };
}

/** Works on some at once; after the first failure no further one is begun, and what is under way ends. */
async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  let failure: { error: unknown } | null = null;
  const turns = Array.from({ length: AT_ONCE }, async () => {
    for (const item of left) {
      if (failure !== null) return;
      await work(item).catch((error: unknown) => (failure ??= { error }));
    }
  });
  await Promise.all(turns);
  if (failure !== null) throw (failure as { error: unknown }).error;
}

export { PullFailed, PullRefused } from './pulled-folder.ts';
