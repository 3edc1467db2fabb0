import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../infra/usage-error.ts';

/** Begins the name of the folder that files are written into; the rest is the process's id. */
const PART = '.partial-';
const DATA = 'data';
/** Files beside the data. */
export type Companion = 'README.md' | 'export.json';

/**
 * A folder that is filled all at once: files come into a part of it, and `data/` appears with all of them as the last act. Until then
 * the part's folder is there, by which a later export knows a killed one, and clears it away.
 */
export class OutputFolder {
  readonly path: string;
  readonly #part: string;
  /** Folders that this export made, the outermost first; undefined where the folder was there. */
  readonly #made: string | undefined;

  private constructor(path: string, made: string | undefined) {
    this.path = path;
    this.#made = made;
    this.#part = join(path, `${PART}${process.pid}`);
  }

  /** @throws UsageError, naming OUT, for a folder that holds anything but what a killed export left. */
  static async begin(path: string): Promise<OutputFolder> {
    const made = await mkdir(path, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST' || error.code === 'ENOTDIR') throw new UsageError(`OUT: ${path} is no folder; give an empty or a new one`);
      throw error;
    });
    const folder = new OutputFolder(path, made);
    await clear(path);
    await mkdir(join(folder.#part, DATA), { recursive: true });
    return folder;
  }

  /** Writes a file of `data/`. */
  async write(name: string, bytes: Uint8Array): Promise<void> {
    await writeWhole(join(this.#part, DATA, name), bytes);
  }

  /** Renames a file of `data/`. */
  async rename(name: string, next: string): Promise<void> {
    await rename(join(this.#part, DATA, name), join(this.#part, DATA, next));
  }

  /** Puts the companions, and then the data, in their place. */
  async finish(companions: Record<Companion, string>): Promise<void> {
    for (const [name, text] of Object.entries(companions)) {
      await writeWhole(join(this.#part, name), new TextEncoder().encode(text));
      await rename(join(this.#part, name), join(this.path, name));
    }
    await rename(join(this.#part, DATA), join(this.path, DATA));
    await rmdir(this.#part);
  }

  /** Leaves nothing behind that was not there before. */
  async abandon(): Promise<void> {
    await rm(this.#part, { recursive: true, force: true });
    for (const name of ['README.md', 'export.json'] satisfies Companion[]) await rm(join(this.path, name), { force: true });
    if (this.#made !== undefined) await rm(this.#made, { recursive: true, force: true });
  }
}

/** Removes what a killed export left; refuses anything else. */
async function clear(path: string): Promise<void> {
  const present = await readdir(path);
  const parts = present.filter((name) => name.startsWith(PART));
  const owner = parts.map((name) => Number(name.slice(PART.length))).find((pid) => pid !== process.pid && isAlive(pid));
  if (owner !== undefined) throw new UsageError(`OUT: process ${owner} is exporting into ${path}; wait for it, or give another folder`);
  const own = parts.length === 0 ? [] : [...parts, DATA, 'README.md', 'export.json'];
  const stranger = present.find((name) => !own.includes(name));
  if (stranger !== undefined) {
    const what = present.includes('export.json') && present.includes(DATA) ? 'a finished export' : stranger;
    throw new UsageError(`OUT: ${path} holds ${what}; give an empty or a new folder`);
  }
  for (const name of present) await rm(join(path, name), { recursive: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
