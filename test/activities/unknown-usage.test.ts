import { expect, test } from 'vitest';
import { z } from 'zod';
import { Flights } from '../../activities/flights.ts';
import { Limiter } from '../../activities/limits/limiter.ts';
import type { Model, ModelAnswer, ModelRequest } from '../../activities/model.ts';
import { reservationOf } from '../../activities/pricing.ts';
import { takeStep, type Account, type StepQuestion } from '../../activities/step.ts';
import { Warmth } from '../../activities/warmth.ts';
import { InvalidOutput } from '../../plans/invalid.ts';
import type { ResponseRecord } from '../../schemas/records.ts';
import { MemoryStore } from '../fakes/memory-store.ts';

const PRICE = { inputPerMTok: 3, outputPerMTok: 15, cacheWritePerMTok: 3.75, cacheReadPerMTok: 0.3 };
const REQUEST: ModelRequest = { model: 'm', maxTokens: 100, system: [{ text: 'rules' }], turns: [{ role: 'user', blocks: [{ text: 'go' }] }], schema: { type: 'object' }, structured: 'schema' };
const RESERVATION = reservationOf(REQUEST, PRICE);

/** A server whose answers have no usage at all. */
const model: Model = {
  send: (): Promise<ModelAnswer> =>
    Promise.resolve({
      text: '{"good": false}',
      stop: 'complete',
      stopReason: 'end_turn',
      toolCalls: [],
      usage: { inputTokens: null, outputTokens: null, cacheReadTokens: null, cacheWriteTokens: null, cacheWrite1hTokens: null },
      requestId: null,
      model: 'm',
    }),
};

async function step(allowance: number, read: () => string) {
  const ports = { store: new MemoryStore(), model, flights: new Flights<ResponseRecord>(), limiter: new Limiter({ patienceMs: 1_000 }), warmth: new Warmth() };
  const payer = { campaign: 'c', run: 'r', provider: 'origin:x', price: PRICE, cacheTtl: '5m' as const };
  const account: Account = { payer, allowance, attempt: 1, lostAttempts: 0, lost: { calls: 0, nanoUsd: 0 } };
  const question: StepQuestion<unknown, string> = { request: REQUEST, step: { kind: 'draft', instructions: '' }, situation: 's', tries: [0], sample: 0, path: 'draft', schema: z.unknown(), read };
  return await takeStep(ports, account, question);
}

test('a call whose usage is unknown is charged its reservation', async () => {
  const end = await step(RESERVATION, () => 'well');
  expect(end).toMatchObject({ kind: 'done', spending: { charged: RESERVATION } });
});

test('such a call leaves no room that its reservation has taken', async () => {
  const invalid = () => {
    throw new InvalidOutput(['no good']);
  };
  expect(await step(2 * RESERVATION - 1, invalid)).toMatchObject({ kind: 'short' });
});
