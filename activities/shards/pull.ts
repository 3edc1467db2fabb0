import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { canonicalJson, sha256Hex } from '../../schemas/canonical.ts';
import { campaignKey, datasetPrefix } from '../../schemas/keys.ts';
import type { FileEntry, Manifest } from '../../schemas/manifest.ts';
import { CampaignRecord } from '../../schemas/records.ts';
import { CorruptData } from '../failures.ts';
import type { ObjectStore } from '../store.ts';
import { datasetCard } from './card.ts';
import { parseManifest, readManifest } from './manifest.ts';
import { listFolder, PULLED_MANIFEST } from './verify-source.ts';

/** End of the name of a file that is being written. */
const PART = '.part';

export interface Pulled {
  generation: number;
  /** Files that now lie in the folder, and how many of them were there already. */
  files: number;
  kept: number;
  /** Bytes of the files fetched. */
  bytes: number;
}

/** The user's mistake, in one line. */
export class PullRefused extends Error {
  override name = 'PullRefused';
}

/**
 * Copies one generation (the last by default) into a folder that is empty, or that an earlier pull of the same generation began to fill:
 * files there with the right hash are kept, the others fetched, `manifest.json` written last. Throws PullRefused for a folder with
 * anything else in it, CorruptData for a file whose bytes are not those of the manifest.
 */
export async function pull(store: ObjectStore, campaign: string, folder: string, { generation }: { generation?: number } = {}): Promise<Pulled> {
  const manifest = await readManifest(store, campaign, generation);
  if (manifest === null) throw new PullRefused(`campaign "${campaign}" has no ${generation === undefined ? 'published generation' : `generation ${generation}`} in ${store.describe()}`);
  const record = manifest.merged === undefined ? await store.get(campaignKey(campaign)) : null;
  if (record === null && manifest.merged === undefined) throw new CorruptData(`campaign "${campaign}" has no campaign.json in ${store.describe()}`);
  const files = manifest.pages.flatMap((page) => page.files);
  const seen = new Set<string>();
  const twice = files.find(({ key }) => seen.size === seen.add(key).size);
  if (twice !== undefined) throw new CorruptData(`the manifest of generation ${manifest.generation} names ${twice.key} twice`);
  const quoted = record === null ? (manifest.merged?.texts ?? []) : CampaignRecord.parse(JSON.parse(new TextDecoder().decode(record))).chapters;
  const texts: [string, string | Uint8Array][] = [...(record === null ? [] : [['campaign.json', record] as [string, Uint8Array]]), ['README.md', datasetCard(quoted, manifest)]];
  await requireOwnFolder(folder, manifest, [...files.map(({ key }) => key), ...texts.map(([name]) => name), PULLED_MANIFEST]);

  const pulled: Pulled = { generation: manifest.generation, files: files.length, kept: 0, bytes: 0 };
  for (const file of files) {
    if (await holds(join(folder, file.key), file)) {
      pulled.kept += 1;
      continue;
    }
    await writeWhole(join(folder, file.key), await fetchFile(store, campaign, file));
    pulled.bytes += file.bytes;
  }
  for (const [name, text] of texts) await writeWhole(join(folder, name), text);
  await writeWhole(join(folder, PULLED_MANIFEST), canonicalJson(manifest));
  return pulled;
}

/** A manifest in the folder must be this one; other files must be those it names, whole or in part. Parts are removed. */
async function requireOwnFolder(folder: string, manifest: Manifest, names: readonly string[]): Promise<void> {
  await requireNoLinks(folder);
  const present = await listFolder(folder);
  if (present.includes(PULLED_MANIFEST)) {
    const other = parseManifest(await readFile(join(folder, PULLED_MANIFEST)), join(folder, PULLED_MANIFEST));
    if (canonicalJson(other) !== canonicalJson(manifest)) {
      throw new PullRefused(`DIR: ${folder} holds generation ${other.generation} of "${other.campaign}"; give an empty folder for generation ${manifest.generation} of "${manifest.campaign}"`);
    }
  }
  const allowed = new Set(names.flatMap((name) => [name, `${name}${PART}`]));
  const stranger = present.find((name) => !allowed.has(name));
  if (stranger !== undefined) {
    throw new PullRefused(`DIR: ${folder} holds ${stranger}, which is not of generation ${manifest.generation} of "${manifest.campaign}"; give an empty folder`);
  }
  for (const name of present) if (name.endsWith(PART)) await rm(join(folder, name));
}

/** A link within the folder could lead a file that is written out of it. */
async function requireNoLinks(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') throw new PullRefused(`DIR: ${folder} is no folder; give an empty or a new one`);
    throw error;
  });
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await requireNoLinks(path);
    else if (!entry.isFile()) throw new PullRefused(`DIR: ${path} is ${entry.isSymbolicLink() ? 'a link' : 'no regular file'}; give an empty folder`);
  }
}

async function holds(path: string, { sha256, bytes: declared }: FileEntry): Promise<boolean> {
  const size = await stat(path).then((found) => found.size, (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return size === declared && sha256Hex(await readFile(path)) === sha256;
}

/** A file that a manifest names, its hash checked. */
export async function fetchFile(store: ObjectStore, campaign: string, { key, sha256, bytes: declared }: FileEntry): Promise<Uint8Array> {
  const bytes = await store.get(`${datasetPrefix(campaign)}${key}`, declared);
  if (bytes === null) throw new CorruptData(`${key} is missing from ${store.describe()}`);
  const found = sha256Hex(bytes);
  if (found !== sha256) throw new CorruptData(`${key} in ${store.describe()}: sha256 is ${found}, the manifest says ${sha256}`);
  if (bytes.length !== declared) throw new CorruptData(`${key} in ${store.describe()}: has ${bytes.length} bytes, the manifest says ${declared}`);
  return bytes;
}

/** The name appears only once the bytes are on disk. */
async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(`${path}${PART}`, 'wx');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}${PART}`, path);
}
