import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { datasetPrefix, manifestKey, manifestPrefix } from '../../schemas/keys.ts';
import type { Manifest } from '../../schemas/manifest.ts';
import type { ObjectStore } from '../store.ts';
import { parseManifest } from './manifest.ts';

/** Folders whose every file some manifest must name. */
export const FOLDERS = ['data', 'situations', 'ledger'] as const;

/** File that holds the one manifest of a pulled folder. */
export const PULLED_MANIFEST = 'manifest.json';

/** A dataset as `verify` reads it; keys are relative to `datasets/<campaign>/`, or to the pulled folder. */
export interface VerifySource {
  /** Keys of the manifests, oldest generation first. */
  manifests(): Promise<string[]>;
  /** Keys under data/, situations/ and ledger/. */
  files(): AsyncIterable<string>;
  /** null when there is no such file. */
  read(key: string): Promise<Uint8Array | null>;
}

/** The dataset of a campaign in the object store, with all its generations. */
export function storeSource(store: ObjectStore, campaign: string): VerifySource {
  const prefix = datasetPrefix(campaign);
  const list = async function* (under: string) {
    for await (const { key } of store.list(under)) yield key.slice(prefix.length);
  };
  return {
    manifests: async () => {
      const keys: string[] = [];
      for await (const key of list(manifestPrefix(campaign))) keys.push(key);
      return keys;
    },
    files: async function* () {
      for (const folder of FOLDERS) yield* list(`${prefix}${folder}/`);
    },
    read: (key) => store.get(`${prefix}${key}`),
  };
}

/** The manifest of a generation, by default of the last, or the one that a pulled folder has; null where there is none. `where` begins the name that messages give it. */
export async function manifestIn(source: VerifySource, generation: number | undefined, where = ''): Promise<Manifest | null> {
  const keys = await source.manifests();
  const key = generation === undefined || keys[0] === PULLED_MANIFEST ? keys.at(-1) : keys.find((each) => each === manifestKey('', generation).slice(datasetPrefix('').length));
  const bytes = key === undefined ? null : await source.read(key);
  return bytes === null ? null : parseManifest(bytes, `${where}${key as string}`);
}

/** A folder that `pull` filled. */
export function folderSource(folder: string): VerifySource {
  return {
    manifests: async () => ((await listFolder(folder)).includes(PULLED_MANIFEST) ? [PULLED_MANIFEST] : []),
    files: async function* () {
      for (const each of FOLDERS) yield* (await listFolder(join(folder, each))).map((name) => `${each}/${name}`);
    },
    read: (key) => readFile(join(folder, key)).catch(absent(null)),
  };
}

/** Paths of all files below a folder, relative to it, with `/`, sorted; none where the folder does not exist. A link is a file here, wherever it leads. */
export async function listFolder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(absent([]));
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  return files.map((path) => path.replaceAll(sep, '/')).sort();
}

function absent<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return instead;
    throw error;
  };
}
