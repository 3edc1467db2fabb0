import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { canonicalJson, sha256Hex } from '../../schemas/canonical.ts';
import type { FileEntry, Manifest } from '../../schemas/manifest.ts';
import { parseManifest } from './manifest.ts';
import { listFolder, PULLED_MANIFEST } from './verify-source.ts';

/** End of the name of a file that is being written. */
const PART = '.part';
/** File that stands in a folder while it is not as its manifest says. */
const UNDER_WAY = '.exemplar-pull.json';
/** Files beside those that manifests name. */
export const BESIDE = ['campaign.json', 'README.md', PULLED_MANIFEST] as const;

/** A pull that has begun and not ended: whatever a kill leaves behind is known by it. Keys are relative to the folder. */
const UnderWay = z.strictObject({
  schema: z.literal(1),
  campaign: z.string(),
  generation: z.int().min(1),
  fingerprint: z.string(),
  /** The generation's files. */
  files: z.array(z.string()),
  /** Files of earlier pulls, to be removed once the manifest is there. */
  obsolete: z.array(z.string()),
});
type UnderWay = z.infer<typeof UnderWay>;

/** The user's mistake, in one line. */
export class PullRefused extends Error {
  override name = 'PullRefused';
}

/** The disk took no more, or another process is at work: nobody's bug, in one line. */
export class PullFailed extends Error {
  override name = 'PullFailed';
}

/** A folder that holds a generation, the beginnings of one, both, or nothing. */
export class PulledFolder {
  readonly path: string;
  /** The generation that the folder holds whole. */
  readonly manifest: Manifest | null;
  readonly #underWay: UnderWay | null;
  readonly #present: string[];

  private constructor(path: string, manifest: Manifest | null, underWay: UnderWay | null, present: string[]) {
    this.path = path;
    this.manifest = manifest;
    this.#underWay = underWay;
    this.#present = present;
  }

  /** Throws PullRefused where it is none, or holds links. */
  static async open(path: string): Promise<PulledFolder> {
    await requireNoLinks(path);
    const present = await listFolder(path);
    const manifest = present.includes(PULLED_MANIFEST) ? parseManifest(await readFile(join(path, PULLED_MANIFEST)), join(path, PULLED_MANIFEST)) : null;
    return new PulledFolder(path, manifest, present.includes(UNDER_WAY) ? await readUnderWay(join(path, UNDER_WAY)) : null, present);
  }

  /** Number of the generation that an earlier pull into an empty folder began and did not end; null where there is none. */
  get begun(): number | null {
    return this.manifest === null ? (this.#underWay?.generation ?? null) : null;
  }

  /**
   * Makes sure that the folder may take a generation: it is empty, or holds the same one, whole or in part; `forward`: or an earlier one of
   * the same campaign. Throws PullRefused, and leaves everything as it was, else.
   */
  require(wanted: Manifest, forward: boolean): void {
    const { path, manifest } = this;
    const asked = `generation ${wanted.generation} of "${wanted.campaign}"`;
    const kin = (other: Pick<Manifest, 'campaign' | 'fingerprint'>) => other.campaign === wanted.campaign && other.fingerprint === wanted.fingerprint;
    if (manifest !== null && canonicalJson(manifest) !== canonicalJson(wanted)) {
      const holds = `DIR: ${path} holds generation ${manifest.generation} of "${manifest.campaign}"`;
      if (!kin(manifest)) throw new PullRefused(`${holds}${manifest.campaign === wanted.campaign ? ', a campaign of that name with another fingerprint' : ''}; give an empty folder for ${asked}`);
      if (!forward) throw new PullRefused(`${holds}; give an empty folder for ${asked}, or --follow, which moves a folder forward`);
      if (manifest.generation >= wanted.generation) throw new PullRefused(`${holds}, and the store's last is ${wanted.generation}; give an empty folder`);
    }
    const own = this.#underWay;
    if (own !== null && !kin(own)) throw new PullRefused(`DIR: ${path} holds part of generation ${own.generation} of "${own.campaign}"; give an empty folder for ${asked}`);
    const known = new Set([UNDER_WAY, ...BESIDE, ...keysOf(wanted), ...(manifest === null ? [] : keysOf(manifest)), ...(own === null ? [] : [...own.files, ...own.obsolete])]);
    const stranger = this.#present.find((name) => !known.has(name) && !(name.endsWith(PART) && known.has(name.slice(0, -PART.length))));
    if (stranger !== undefined) throw new PullRefused(`DIR: ${path} holds ${stranger}, which is not of ${asked}; give an empty folder`);
  }

  /** Removes halves of files, and notes what is to come and to go, so that a kill leaves nothing unknown. */
  async begin(wanted: Manifest): Promise<void> {
    for (const name of this.#present) if (name.endsWith(PART)) await rm(join(this.path, name), { force: true });
    const files = keysOf(wanted);
    const staying = new Set<string>([UNDER_WAY, ...BESIDE, ...files]);
    const obsolete = this.#present.filter((name) => !staying.has(name) && !name.endsWith(PART));
    const { campaign, generation, fingerprint } = wanted;
    await this.write(UNDER_WAY, canonicalJson({ schema: 1, campaign, generation, fingerprint, files, obsolete } satisfies UnderWay));
  }

  /** The manifest makes the folder one of its generation; only then older files go. */
  async end(wanted: Manifest): Promise<void> {
    for (const name of ['data', 'situations', 'ledger', '.']) await syncFolder(join(this.path, name));
    await this.write(PULLED_MANIFEST, canonicalJson(wanted));
    await syncFolder(this.path);
    const own = await readUnderWay(join(this.path, UNDER_WAY));
    for (const name of own.obsolete) await rm(join(this.path, name), { force: true });
    await rm(join(this.path, UNDER_WAY), { force: true });
  }

  /** Whether a file is there with the bytes that the manifest names. Those of `seen` hashes are taken at their size. */
  async holds({ key, sha256, bytes: declared }: FileEntry, seen: ReadonlySet<string>): Promise<boolean> {
    const size = await stat(join(this.path, key)).then((found) => found.size, absent(null));
    return size === declared && (seen.has(sha256) || sha256Hex(await readFile(join(this.path, key))) === sha256);
  }

  /** Nothing is left to do: the manifest is there, and no pull under way. */
  isWhole(wanted: Manifest): boolean {
    return this.manifest !== null && this.#underWay === null && canonicalJson(this.manifest) === canonicalJson(wanted) && BESIDE.every((name) => this.#present.includes(name));
  }

  /** The name appears only once the bytes are on disk. Throws PullFailed where the disk does not take them. */
  async write(key: string, content: string | Uint8Array): Promise<void> {
    const path = join(this.path, key);
    try {
      await mkdir(dirname(path), { recursive: true });
      const file = await open(`${path}${PART}`, 'wx');
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}${PART}`, path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // what another process writes is left to it
      if (code === 'EEXIST' || code === 'ENOENT') throw new PullFailed(`DIR: another process writes to ${path}: let it end, and pull again`, { cause: error });
      await rm(`${path}${PART}`, { force: true }).catch(() => undefined);
      if (code === 'ENOSPC' || code === 'EDQUOT') throw new PullFailed(`DIR: no space left for ${path} (${Buffer.byteLength(content)} bytes): make room and pull again, what is there stays`, { cause: error });
      throw new PullFailed(`DIR: cannot write ${path}: ${(error as Error).message}`, { cause: error });
    }
  }
}

function keysOf({ pages }: Manifest): string[] {
  return pages.flatMap((page) => page.files.map(({ key }) => key));
}

async function readUnderWay(path: string): Promise<UnderWay> {
  try {
    return UnderWay.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new PullRefused(`DIR: ${path} was not written by this version of the program; give an empty folder`, { cause });
  }
}

/** A link within the folder could lead a file that is written out of it. */
async function requireNoLinks(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') throw new PullRefused(`DIR: ${folder} is no folder; give an empty or a new one`);
    return absent<never[]>([])(error);
  });
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await requireNoLinks(path);
    else if (!entry.isFile()) throw new PullRefused(`DIR: ${path} is ${entry.isSymbolicLink() ? 'a link' : 'no regular file'}; give an empty folder`);
  }
}

/** Names that have appeared in a folder outlast a power cut. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(absent(null));
  try {
    await folder?.sync();
  } finally {
    await folder?.close();
  }
}

function absent<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return instead;
    throw error;
  };
}
