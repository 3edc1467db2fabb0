/** One object of a listing: its size in bytes and when it was last written, ms since the epoch by the store's own clock. */
export interface Listed {
  key: string;
  bytes: number;
  modified: number;
}

/** The object store as activities see it: immutable objects, conditional puts. Keys are relative to one bucket. */
export interface ObjectStore {
  /** null when there is no such object. `most`: an object of more bytes is refused, and not fetched. */
  get(key: string, most?: number): Promise<Uint8Array | null>;
  /** False when the key already existed (its object is left as it is). */
  putIfAbsent(key: string, body: Uint8Array | string): Promise<boolean>;
  /** Overwrites: only for the dataset card, and for which call a situation waits for. */
  put(key: string, body: Uint8Array | string): Promise<void>;
  /** Objects under a prefix in lexicographic order of their keys; `after` skips keys up to and including it. */
  list(prefix: string, after?: string): AsyncIterable<Listed>;
  /** Removes objects, any number of them; those that are not there count as removed. Workers never need it. */
  remove(keys: readonly string[]): Promise<void>;
  /** Names the place in messages, such as `s3://bucket at http://127.0.0.1:7070`. */
  describe(): string;
}

/** Whether an object is there, without reading it. */
export async function isThere(store: ObjectStore, key: string): Promise<boolean> {
  for await (const listed of store.list(key)) return listed.key === key;
  return false;
}
