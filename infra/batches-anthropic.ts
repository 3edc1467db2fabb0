import Anthropic from '@anthropic-ai/sdk';
import type { MessageBatch, MessageBatchResult } from '@anthropic-ai/sdk/resources/messages/batches';
import { waitOut } from '../activities/limits/wait-out.ts';
import type { BatchedRequest, BatchedResult, BatchProvider, BatchStatus } from '../activities/batches/provider.ts';
import { busy, messageParams, toAnswer } from './model-anthropic.ts';

/** How long a busy provider is asked again within one attempt, ms. */
const PATIENCE_MS = 3_600_000;
/** The most that one page of the list may hold. */
const LARGEST_PAGE = 1_000;

/** HTTP statuses of the API's error types: https://platform.claude.com/docs/en/api/errors */
const STATUS: Record<string, number> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

/** The Message Batches API of any server that has it. */
export class AnthropicBatches implements BatchProvider {
  readonly #client: Anthropic;

  constructor(client: Anthropic) {
    this.#client = client;
  }

  async create(requests: readonly BatchedRequest[], { idempotencyKey, timeoutMs }: { idempotencyKey: string; timeoutMs: number }): Promise<BatchStatus> {
    const params = { requests: requests.map(({ customId, request, cacheTtl }) => ({ custom_id: customId, params: messageParams(request, cacheTtl) })) };
    return statusOf(await told(() => this.#client.messages.batches.create(params, { headers: { 'idempotency-key': idempotencyKey }, timeout: timeoutMs })));
  }

  async retrieve(id: string): Promise<BatchStatus | null> {
    try {
      const batch = await inTime(() => this.#client.messages.batches.retrieve(id));
      return batch.archived_at === null ? statusOf(batch) : null;
    } catch (error) {
      if (error instanceof Anthropic.NotFoundError) return null;
      throw error;
    }
  }

  async *list(): AsyncIterable<BatchStatus> {
    let page = await inTime(() => this.#client.messages.batches.list({ limit: LARGEST_PAGE }));
    for (;;) {
      yield* page.getPaginatedItems().map(statusOf);
      if (!page.hasNextPage()) return;
      const last = page;
      page = await inTime(() => last.getNextPage());
    }
  }

  async *results(id: string): AsyncIterable<{ customId: string; result: BatchedResult }> {
    const results = await inTime(() => this.#client.messages.batches.results(id));
    for await (const { custom_id: customId, result } of results) yield { customId, result: resultOf(result) };
  }

  async cancel(id: string): Promise<void> {
    await inTime(() => this.#client.messages.batches.cancel(id)).catch((error: unknown) => {
      // it has ended meanwhile, or is unknown: its retrieval says so
      if (!(error instanceof Anthropic.BadRequestError || error instanceof Anthropic.ConflictError || error instanceof Anthropic.NotFoundError)) throw error;
    });
  }
}

async function told<T>(call: () => PromiseLike<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw busy(error) ?? error;
  }
}

/** Asks again when the provider says so: its limits for batches are others than those for messages, and stand in no header. */
async function inTime<T>(call: () => PromiseLike<T>): Promise<T> {
  return await waitOut(PATIENCE_MS, () => told(call));
}

function statusOf({ id, created_at, processing_status, request_counts: counts }: MessageBatch): BatchStatus {
  const requests = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired;
  return { id, createdAt: Date.parse(created_at), ended: processing_status === 'ended', requests };
}

function resultOf(result: MessageBatchResult): BatchedResult {
  switch (result.type) {
    case 'succeeded':
      return { kind: 'succeeded', answer: toAnswer(result.message) };
    case 'errored': {
      const { type, message } = result.error.error;
      return { kind: 'errored', status: STATUS[type] ?? 500, message: `${type}: ${message}` };
    }
    case 'canceled':
    case 'expired':
      return { kind: result.type };
  }
}
