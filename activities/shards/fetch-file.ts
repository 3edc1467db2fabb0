import { setTimeout as sleep } from 'node:timers/promises';
import { sha256Hex } from '../../schemas/canonical.ts';
import { datasetPrefix } from '../../schemas/keys.ts';
import type { FileEntry } from '../../schemas/manifest.ts';
import { CorruptData } from '../failures.ts';
import type { ObjectStore } from '../store.ts';

/** Times that a file is asked for. */
const ATTEMPTS = 5;

export interface Patience {
  /** Pause before the second attempt; each further one is twice as long. Milliseconds. */
  pauseMs: number;
  /** Hears, in a line, what went wrong and is tried again. */
  say: (line: string) => void;
}

/** Half a second, and nobody hears of it. */
const PATIENCE: Patience = { pauseMs: 500, say: () => undefined };

/**
 * The bytes of a file as its manifest names them. A store in trouble, and bytes of another hash, which may be an answer that was cut
 * short, are asked for again. Throws CorruptData, or what the store said last.
 */
export async function fetchFile(store: ObjectStore, campaign: string, file: FileEntry, { pauseMs, say }: Patience = PATIENCE): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchOnce(store, campaign, file);
    } catch (error) {
      if (attempt === ATTEMPTS || !mayPass(error)) throw error;
      const pause = pauseMs * 2 ** (attempt - 1);
      say(`${file.key}: ${(error as Error).message.split('\n')[0]}; attempt ${attempt + 1} of ${ATTEMPTS} in ${pause / 1000} s`);
      await sleep(pause);
    }
  }
}

class WrongBytes extends CorruptData {}

async function fetchOnce(store: ObjectStore, campaign: string, { key, sha256, bytes: declared }: FileEntry): Promise<Uint8Array> {
  const bytes = await store.get(`${datasetPrefix(campaign)}${key}`, declared).catch((error: unknown) => {
    if (error instanceof Error && /were to be read/.test(error.message)) throw new CorruptData(`${key} in ${store.describe()}: ${error.message}`, { cause: error });
    throw error;
  });
  if (bytes === null) throw new CorruptData(`${key} is missing from ${store.describe()}`);
  const found = sha256Hex(bytes);
  if (found !== sha256) throw new WrongBytes(`${key} in ${store.describe()}: sha256 is ${found}, the manifest says ${sha256}`);
  if (bytes.length !== declared) throw new CorruptData(`${key} in ${store.describe()}: has ${bytes.length} bytes, the manifest says ${declared}`);
  return bytes;
}

/** A store that does not answer, or says that it is in trouble; an answer that was spoilt on its way. */
export function mayPass(error: unknown): boolean {
  if (error instanceof WrongBytes) return true;
  if (!(error instanceof Error) || error.name !== 'StoreError') return false;
  const { status } = error as { status?: number };
  return status === undefined || status === 408 || status === 429 || status >= 500;
}
