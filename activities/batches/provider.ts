import type { CacheTtl, ModelAnswer, ModelRequest } from '../model.ts';

/** Limits of one batch: https://platform.claude.com/docs/en/build-with-claude/batch-processing */
export const MOST_REQUESTS = 100_000;
export const MOST_BYTES = 256_000_000;

export interface BatchedRequest {
  /** 1 to 64 letters, digits, dashes and underscores. */
  customId: string;
  request: ModelRequest;
  cacheTtl: CacheTtl;
}

/** A batch as the provider shows it: which requests it holds cannot be seen before it has ended. */
export interface BatchStatus {
  id: string;
  /** Milliseconds since the epoch, by the provider's clock. */
  createdAt: number;
  ended: boolean;
  /** Requests in it, whatever has become of them. */
  requests: number;
}

export type BatchedResult =
  | { kind: 'succeeded'; answer: ModelAnswer }
  /** Not billed, as the others that follow. `status`: the HTTP status that a single call would have failed with. */
  | { kind: 'errored'; status: number; message: string }
  | { kind: 'canceled' | 'expired' };

/** A provider's batches of messages. A busy provider (429, 529) is waited for, but by `create`, which sends once and throws Busy; else the adapter's own errors. */
export interface BatchProvider {
  /** `idempotencyKey` helps with servers that heed it; none need. Given up after `timeoutMs`. */
  create(requests: readonly BatchedRequest[], options: { idempotencyKey: string; timeoutMs: number }): Promise<BatchStatus>;
  /** null where the provider does not know it, or no longer has its results. */
  retrieve(id: string): Promise<BatchStatus | null>;
  /** Newest first. */
  list(): AsyncIterable<BatchStatus>;
  /** Of a batch that has ended, in any order, as they are read from the wire. */
  results(id: string): AsyncIterable<{ customId: string; result: BatchedResult }>;
  /** What has not been begun is given up; the batch ends soon. */
  cancel(id: string): Promise<void>;
}
