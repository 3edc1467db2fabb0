import type { MessageBatch, MessageBatchIndividualResponse } from '@anthropic-ai/sdk/resources/messages/batches';
import { z } from 'zod';
import { sha256Hex } from '../../schemas/canonical.ts';
import { BatchLaw, type Law } from '../../schemas/law.ts';
import { rngOf } from '../rng.ts';
import { answer, bodyHash } from './answer.ts';
import { ApiError, invalidRequest } from './api-error.ts';
import { BatchJournal, type BatchRequest, type KeptBatch } from './batch-journal.ts';
import type { Ledger } from './ledger.ts';
import { messageOf } from './messages.ts';
import { parseMessages } from './request.ts';
import type { PromptCache } from './usage.ts';

/** Limits of the service: https://platform.claude.com/docs/en/build-with-claude/batch-processing */
const MOST_REQUESTS = 100_000;
const EXPIRES_MS = 24 * 3_600_000;
const USUAL_PAGE = 20;
const LARGEST_PAGE = 1_000;

const Body = z.object({
  requests: z.array(z.object({ custom_id: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'String should match pattern ^[a-zA-Z0-9_-]{1,64}$'), params: z.unknown() })).min(1).max(MOST_REQUESTS),
});

/** A page of the list of batches: newest first. */
export interface BatchPage {
  data: MessageBatch[];
  has_more: boolean;
  first_id: string | null;
  last_id: string | null;
}

/**
 * Message batches by the law: requests are worked off evenly over its latency, are counted in the ledger as calls under their custom
 * ids, and show their results, in no order, when all of them have ended. Kept in a journal, batches outlive a kill of the server.
 */
export class Batches {
  private readonly law: Law;
  private readonly rates: BatchLaw;
  private readonly ledger: Ledger;
  private readonly cache: PromptCache;
  private readonly journal: BatchJournal;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(law: Law, ledger: Ledger, cache: PromptCache, journal: string | null) {
    this.law = law;
    this.rates = law.batch ?? BatchLaw.parse({});
    this.ledger = ledger;
    this.cache = cache;
    this.journal = new BatchJournal(journal);
    for (const batch of this.journal.batches) if (batch.results === null) this.endLater(batch);
  }

  /** @throws ApiError (400) for a list of requests that the service would not take; what is asked of the model is looked at later. */
  create(body: unknown, origin: string): MessageBatch {
    const parsed = Body.safeParse(body);
    const issue = parsed.error?.issues[0];
    if (!parsed.success) throw invalidRequest(`${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'is invalid'}`);
    const requests = parsed.data.requests.map(({ custom_id, params }): BatchRequest => ({ custom_id, params: params ?? null }));
    if (new Set(requests.map(({ custom_id }) => custom_id)).size < requests.length) throw invalidRequest('requests: custom_ids must be unique');
    const batch = this.journal.create(requests, Date.now());
    this.endLater(batch);
    return shown(batch, origin);
  }

  retrieve(id: string, origin: string): MessageBatch {
    return shown(this.find(id), origin);
  }

  list(query: URLSearchParams, origin: string): BatchPage {
    const limit = Number(query.get('limit') ?? USUAL_PAGE);
    if (!Number.isInteger(limit) || limit < 1 || limit > LARGEST_PAGE) throw invalidRequest(`limit: should be from 1 to ${LARGEST_PAGE}`);
    const all = this.journal.batches.toReversed();
    const at = (id: string | null) => (id === null ? null : all.indexOf(this.find(id)));
    const [after, before] = [at(query.get('after_id')), at(query.get('before_id'))];
    const rest = after !== null ? all.slice(after + 1) : all.slice(0, before ?? all.length);
    const page = before !== null && after === null ? rest.slice(-limit) : rest.slice(0, limit);
    const data = page.map((batch) => shown(batch, origin));
    return { data, has_more: rest.length > page.length, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
  }

  /** @throws ApiError (404) before the batch has ended. */
  results(id: string): readonly MessageBatchIndividualResponse[] {
    const { results } = this.find(id);
    if (results === null) throw new ApiError(404, 'not_found_error', `batch ${id} has no results yet`);
    return results;
  }

  /** What has been answered by now stays; the rest is canceled. */
  cancel(id: string, origin: string): MessageBatch {
    const batch = this.find(id);
    if (batch.results !== null) throw invalidRequest(`batch ${id} has ended`);
    if (batch.canceledAt === null) this.journal.cancel(batch, Date.now());
    this.endLater(batch);
    return shown(batch, origin);
  }

  /** Works on nothing more. */
  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  private find(id: string): KeptBatch {
    const batch = this.journal.batches.find((each) => each.id === id);
    if (batch === undefined) throw new ApiError(404, 'not_found_error', `batch ${id} not found`);
    return batch;
  }

  private endLater(batch: KeptBatch): void {
    const left = batch.canceledAt === null ? batch.createdAt + this.rates.latencyMs - Date.now() : 0;
    this.timers.add(setTimeout(() => this.end(batch), Math.max(0, left)));
  }

  private end(batch: KeptBatch): void {
    if (batch.results !== null) return;
    const { requests, createdAt, canceledAt } = batch;
    const due = (n: number) => createdAt + (this.rates.latencyMs * (n + 1)) / requests.length;
    const results = requests.map(({ custom_id, params }, n): MessageBatchIndividualResponse => {
      const canceled = canceledAt !== null && due(n) > canceledAt;
      return { custom_id, result: canceled ? { type: 'canceled' } : this.work(custom_id, params) };
    });
    // the service promises no order
    this.journal.end(batch, Date.now(), results.reverse());
  }

  private work(customId: string, params: unknown): MessageBatchIndividualResponse['result'] {
    let hash = sha256Hex(JSON.stringify(params));
    try {
      const asked = parseMessages(params);
      hash = bodyHash(asked);
      const draw = this.journal.tried(hash) === 0 ? rngOf(`batch/${hash}`)() : 1;
      this.journal.try(hash);
      if (draw < this.rates.expire) return { type: 'expired' };
      if (draw < this.rates.expire + this.rates.error) throw new ApiError(500, 'api_error', 'simulated: Internal server error');
      const given = answer(asked, this.law, this.ledger.times(hash));
      const message = messageOf(asked, given, this.cache.arrive(asked).begin(), hash);
      this.record(customId, hash, 200);
      return { type: 'succeeded', message };
    } catch (error) {
      const { status, type, message } = error instanceof ApiError ? error : new ApiError(500, 'api_error', String(error));
      this.record(customId, hash, status);
      return { type: 'errored', error: { type: 'error', request_id: null, error: { type: type as 'api_error', message } } };
    }
  }

  /** Once, though a kill may have come between this line and the journal's. */
  private record(idempotencyKey: string, hash: string, status: number): void {
    const call = { idempotencyKey, bodyHash: hash, status };
    if (!this.ledger.knows(call)) this.ledger.record(call);
  }
}

function shown({ id, createdAt, canceledAt, endedAt, requests, results }: KeptBatch, origin: string): MessageBatch {
  const count = (type: string) => results?.filter(({ result }) => result.type === type).length ?? 0;
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return {
    id,
    type: 'message_batch',
    processing_status: results !== null ? 'ended' : canceledAt !== null ? 'canceling' : 'in_progress',
    request_counts: {
      processing: results === null ? requests.length : 0,
      succeeded: count('succeeded'),
      errored: count('errored'),
      canceled: count('canceled'),
      expired: count('expired'),
    },
    created_at: new Date(createdAt).toISOString(),
    expires_at: new Date(createdAt + EXPIRES_MS).toISOString(),
    ended_at: time(endedAt),
    cancel_initiated_at: time(canceledAt),
    archived_at: null,
    results_url: results === null ? null : `${origin}/v1/messages/batches/${id}/results`,
  };
}
