import type { Model } from '../../activities/model.ts';
import type { BatchedRequest, BatchedResult, BatchProvider, BatchStatus } from '../../activities/batches/provider.ts';

/** Batches that a test makes, ends and loses at will; requests for more are counted. */
export class ScriptedBatches implements BatchProvider {
  /** Newest first, as the provider lists them. */
  readonly batches: (BatchStatus & { customIds: string[] })[] = [];
  created = 0;
  readonly canceled: string[] = [];
  /** What becomes of the next requests for a batch, each once it has been made; null: nothing, it is answered. */
  readonly mishaps: ({ made: boolean; error: Error } | null)[] = [];
  /** What every request but those for new batches fails with. */
  locked: Error | null = null;
  /** Batches whose results were read. */
  readonly opened: string[] = [];

  readonly #model: Model | null;
  readonly #asked = new Map<string, BatchedRequest>();

  /** Requests are answered by the model once their batch has been ended; without one they expire. */
  constructor(model: Model | null = null) {
    this.#model = model;
  }

  make(customIds: string[], { createdAt = Date.now(), ended = false } = {}): string {
    const id = `batch_${this.batches.length}`;
    this.batches.unshift({ id, createdAt, ended, requests: customIds.length, customIds });
    return id;
  }

  /** Its requests are answered, or expire. */
  end(id: string, { expired = false } = {}): void {
    if (expired) this.#asked.clear();
    Object.assign(this.batches.find((batch) => batch.id === id) as BatchStatus, { ended: true });
  }

  create(requests: readonly BatchedRequest[]): Promise<BatchStatus> {
    this.created += 1;
    for (const request of requests) this.#asked.set(request.customId, request);
    const mishap = this.mishaps.shift() ?? null;
    if (mishap !== null) {
      if (mishap.made) this.make(requests.map(({ customId }) => customId));
      return Promise.reject(mishap.error);
    }
    const made = this.make(requests.map(({ customId }) => customId));
    return Promise.resolve(this.batches.find(({ id }) => id === made) as BatchStatus);
  }

  retrieve(id: string): Promise<BatchStatus | null> {
    return Promise.resolve(this.batches.find((batch) => batch.id === id) ?? null);
  }

  async *list(): AsyncIterable<BatchStatus> {
    await Promise.resolve();
    if (this.locked !== null) throw this.locked;
    yield* this.batches;
  }

  async *results(id: string): AsyncIterable<{ customId: string; result: BatchedResult }> {
    await Promise.resolve();
    this.opened.push(id);
    for (const customId of this.batches.find((batch) => batch.id === id)?.customIds ?? []) {
      const asked = this.#asked.get(customId);
      if (this.#model === null || asked === undefined) yield { customId, result: { kind: 'expired' } };
      else yield { customId, result: { kind: 'succeeded', answer: await this.#model.send(asked.request, { idempotencyKey: customId }) } };
    }
  }

  cancel(id: string): Promise<void> {
    this.canceled.push(id);
    return Promise.resolve();
  }
}
