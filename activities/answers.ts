import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from '../schemas/canonical.ts';
import type { Price } from '../schemas/campaign.ts';
import { responseKey, type StepAddress } from '../schemas/keys.ts';
import { ResponseRecord } from '../schemas/records.ts';
import type { Flights } from './flights.ts';
import type { Limiter } from './limiter.ts';
import type { Model, ModelRequest } from './model.ts';
import { costOf } from './pricing.ts';
import { bodyHash } from './requests.ts';
import type { ObjectStore } from './store.ts';

const LONGEST_PUT_WAIT_MS = 30_000;

export interface AnswerPorts {
  store: ObjectStore;
  model: Model;
  flights: Flights<ResponseRecord>;
  limiter: Limiter;
}

export interface Payer {
  campaign: string;
  /** Run id of the workflow. */
  run: string;
  provider: string;
  price: Price | null;
}

/** The store key of a request's answer: also its idempotency key. */
export function answerKey(provider: string, request: ModelRequest, step: StepAddress): string {
  return responseKey(bodyHash(provider, request), step);
}

/** The stored answer, or the one under way in this process; null where the model must be asked. */
export async function knownAnswer(ports: AnswerPorts, key: string): Promise<ResponseRecord | null> {
  if (ports.flights.has(key)) return await ports.flights.join(key, () => Promise.reject(new Error('unreachable')));
  const bytes = await ports.store.get(key);
  return bytes === null ? null : ResponseRecord.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

/**
 * Asks the model once and stores the answer before anyone sees it. Having an answer it never asks again: it retries the put
 * until it succeeds. The loser of a race for a key reads the winner's answer.
 */
export function askModel(ports: AnswerPorts, key: string, request: ModelRequest, payer: Payer): Promise<ResponseRecord> {
  return ports.flights.join(key, async () => {
    const answer = await ports.limiter.run(() => ports.model.send(request, { idempotencyKey: key }));
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
      usage: answer.usage,
      nanoUsd: costOf(answer.usage, payer.price),
      requestChars: requestChars(request),
    };
    return await keep(ports.store, key, record);
  });
}

async function keep(store: ObjectStore, key: string, record: ResponseRecord): Promise<ResponseRecord> {
  for (let wait = 100; ; wait = Math.min(wait * 2, LONGEST_PUT_WAIT_MS)) {
    try {
      if (await store.putIfAbsent(key, canonicalJson(record))) return record;
      const winner = await store.get(key);
      if (winner !== null) return ResponseRecord.parse(JSON.parse(new TextDecoder().decode(winner)));
    } catch {
      // the answer is paid for: whatever ails the store, losing it would be dearer than waiting
    }
    await sleep(wait);
  }
}

function requestChars(request: ModelRequest): number {
  const blocks = [...request.system, ...request.turns.flatMap((turn) => turn.blocks)];
  return blocks.reduce((sum, block) => sum + block.text.length, 0);
}
