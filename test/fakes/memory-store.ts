import type { Listed, ObjectStore } from '../../activities/store.ts';

/** An object store in memory that counts its puts. */
export class MemoryStore implements ObjectStore {
  readonly objects = new Map<string, Uint8Array>();
  /** When objects were written, ms since the epoch; those that a test has set itself count as new. */
  readonly modified = new Map<string, number>();
  puts = 0;

  get(key: string, most = Infinity): Promise<Uint8Array | null> {
    const found = this.objects.get(key) ?? null;
    if (found !== null && found.length > most) return Promise.reject(new Error(`has ${found.length} bytes; at most ${most} were to be read`));
    return Promise.resolve(found);
  }

  putIfAbsent(key: string, body: Uint8Array | string): Promise<boolean> {
    this.puts += 1;
    if (this.objects.has(key)) return Promise.resolve(false);
    this.#write(key, body);
    return Promise.resolve(true);
  }

  put(key: string, body: Uint8Array | string): Promise<void> {
    this.puts += 1;
    this.#write(key, body);
    return Promise.resolve();
  }

  remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.objects.delete(key);
    return Promise.resolve();
  }

  async *list(prefix: string, after?: string): AsyncIterable<Listed> {
    await Promise.resolve();
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix) && (after === undefined || key > after)).sort();
    for (const key of keys) {
      const object = this.objects.get(key);
      if (object !== undefined) yield { key, bytes: object.length, modified: this.modified.get(key) ?? Date.now() };
    }
  }

  #write(key: string, body: Uint8Array | string): void {
    this.objects.set(key, bytes(body));
    this.modified.set(key, Date.now());
  }

  describe(): string {
    return 'memory';
  }
}

function bytes(body: Uint8Array | string): Uint8Array {
  return typeof body === 'string' ? new TextEncoder().encode(body) : body;
}
