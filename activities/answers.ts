import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from '../schemas/canonical.ts';
import type { CampaignFile, Price } from '../schemas/campaign.ts';
import { responseKey, type StepAddress } from '../schemas/keys.ts';
import { ResponseRecord } from '../schemas/records.ts';
import type { BatchDesk } from './batches/desk.ts';
import type { Flights } from './flights.ts';
import type { Call, Limiter } from './limits/limiter.ts';
import { textOf, type Model, type ModelAnswer, type ModelRequest, type SendOptions } from './model.ts';
import { costOf } from './pricing.ts';
import { bodyHash } from './requests.ts';
import type { ObjectStore } from './store.ts';
import { asUnanswered } from './unanswered.ts';
import type { CacheUse, Warmth } from './warmth.ts';

const LONGEST_PUT_WAIT_MS = 30_000;

export interface AnswerPorts {
  store: ObjectStore;
  model: Model;
  flights: Flights<ResponseRecord>;
  limiter: Limiter;
  warmth: Warmth;
  /** Where calls are left for batches; absent where none are. */
  desk?: BatchDesk;
}

export interface Payer {
  campaign: string;
  /** Who is told of long waits, where that is a part of the campaign. */
  part?: string;
  /** Run id of the workflow. */
  run: string;
  provider: string;
  price: Price | null;
  cacheTtl: CampaignFile['model']['cacheTtl'];
}

/** An answer as a process has it. `wasted`: a run paid for an answer of its own, and another's was stored before; int nano-dollars. */
export type Answer = ResponseRecord & { wasted?: { run: string; nanoUsd: number } };

/** The store key of a request's answer: also its idempotency key. */
export function answerKey(provider: string, request: ModelRequest, step: StepAddress): string {
  return responseKey(bodyHash(provider, request), step);
}

/** The stored answer, or the one under way in this process; null where the model must be asked. */
export async function knownAnswer(ports: AnswerPorts, key: string): Promise<Answer | null> {
  if (ports.flights.has(key)) return await ports.flights.join(key, () => Promise.reject(new Error('unreachable')));
  const bytes = await ports.store.get(key);
  return bytes === null ? null : ResponseRecord.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

/**
 * Asks the model once and stores the answer before anyone sees it. Having an answer it never asks again: it retries the put
 * until it succeeds. The loser of a race for a key reads the winner's answer. Where the provider does not say what was used, the
 * answer is booked at `worstCase`, int nano-dollars.
 */
export function askModel(ports: AnswerPorts, key: string, request: ModelRequest, payer: Payer, worstCase: number | null = null): Promise<Answer> {
  return ports.flights.join(key, async () => {
    const answer = await ports.warmth.through(payer.provider, request, payer.cacheTtl, (cache) =>
      ports.limiter.run(callOf(request, payer, cache), (onLimits) => send(ports.model, request, cache, { idempotencyKey: key, onLimits })),
    );
    const record: ResponseRecord = {
      schema: 1,
      key,
      campaign: payer.campaign,
      run: payer.run,
      requestId: answer.requestId,
      model: answer.model,
      stop: answer.stop,
      stopReason: answer.stopReason,
      text: answer.text,
      toolCalls: answer.toolCalls,
      usage: answer.usage,
      nanoUsd: costOf(answer.usage, payer.price) ?? worstCase,
      requestChars: requestChars(request),
    };
    return await keep(ports.store, key, record);
  });
}

/** A call that writes the cache for others goes ahead of them. */
function callOf(request: ModelRequest, { campaign, part }: Payer, { cacheTtl, onBegun }: CacheUse): Call {
  const warm = cacheTtl !== undefined && onBegun === undefined;
  const cached = warm ? request.system.findLastIndex(({ breakpoint }) => breakpoint === true) + 1 : 0;
  const chars = requestChars({ ...request, system: request.system.slice(cached) });
  return { model: request.model, campaign: part ?? campaign, size: { chars, warm, maxTokens: request.maxTokens }, urgent: onBegun !== undefined };
}

async function send(model: Model, request: ModelRequest, { onOut, ...cache }: CacheUse, options: SendOptions): Promise<ModelAnswer> {
  onOut?.(true);
  try {
    return await model.send(request, { ...options, ...cache });
  } catch (error) {
    onOut?.(false);
    throw asUnanswered(error);
  }
}

/** Puts an answer that is paid for until it is stored. Returns the record that was stored first. */
export async function keep(store: ObjectStore, key: string, record: ResponseRecord): Promise<Answer> {
  for (let wait = 100; ; wait = Math.min(wait * 2, LONGEST_PUT_WAIT_MS)) {
    try {
      if (await store.putIfAbsent(key, canonicalJson(record))) return record;
      const winner = await store.get(key);
      if (winner !== null) return withWaste(ResponseRecord.parse(JSON.parse(new TextDecoder().decode(winner))), record);
    } catch {
      // the answer is paid for: whatever ails the store, losing it would be dearer than waiting
    }
    await sleep(wait);
  }
}

/** The winner's answer, and what the loser's has cost; a put that was repeated has won before. */
function withWaste(winner: ResponseRecord, loser: ResponseRecord): Answer {
  if (canonicalJson(winner) === canonicalJson(loser)) return winner;
  return { ...winner, wasted: { run: loser.run, nanoUsd: loser.nanoUsd ?? 0 } };
}

/** Length of a prompt, characters. */
export function requestChars(request: ModelRequest): number {
  const blocks = [...request.system, ...request.turns.flatMap((turn) => turn.blocks)];
  return blocks.reduce((sum, block) => sum + textOf(block).length, 0);
}
