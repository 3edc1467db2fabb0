import { expect, test } from 'vitest';
import { z } from 'zod';
import { Flights } from '../../activities/flights.ts';
import { Limiter } from '../../activities/limits/limiter.ts';
import type { Model, ModelAnswer, ModelRequest } from '../../activities/model.ts';
import { reservationOf } from '../../activities/pricing.ts';
import { takeStep, type StepEnd } from '../../activities/step.ts';
import { Warmth } from '../../activities/warmth.ts';
import type { ResponseRecord } from '../../schemas/records.ts';
import { MemoryStore } from '../fakes/memory-store.ts';

const PRICE = { inputPerMTok: 3, outputPerMTok: 15, cacheWritePerMTok: 3.75, cacheReadPerMTok: 0.3 };
const request: ModelRequest = { model: 'm', maxTokens: 100, system: [{ text: 'rules' }], turns: [{ role: 'user', blocks: [{ text: 'go' }] }], schema: { type: 'object' }, structured: 'schema' };

test('a second attempt that joins the call of the first books nothing as lost, and needs no money for a call of its own', async () => {
  let calls = 0;
  let answer = (_: ModelAnswer) => {};
  const model: Model = {
    send: () => {
      calls += 1;
      return new Promise((resolve) => (answer = resolve));
    },
  };
  const ports = { store: new MemoryStore(), model, flights: new Flights<ResponseRecord>(), limiter: new Limiter({ patienceMs: 1_000 }), warmth: new Warmth() };
  const payer = { campaign: 'c', run: 'r', provider: 'origin:x', price: PRICE, cacheTtl: '5m' as const };
  const attempt = (number: number): Promise<StepEnd<string>> =>
    takeStep(
      ports,
      // enough for one call, and not for one more that may have been lost
      { payer, allowance: reservationOf(request, PRICE), attempt: number, lostAttempts: number - 1, lost: { calls: 0, nanoUsd: 0 } },
      { request, step: { kind: 'draft', instructions: '' }, situation: 's', tries: [0], sample: 0, path: 'draft', schema: z.unknown(), read: () => 'well' },
    );
  const first = attempt(1);
  await expect.poll(() => calls).toBe(1);
  const second = attempt(2);
  answer({ text: '{}', stop: 'complete', stopReason: 'end_turn', toolCalls: [], usage: { inputTokens: 10, outputTokens: 2, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0 }, requestId: null, model: 'm' });
  for (const end of await Promise.all([first, second])) expect(end).toMatchObject({ kind: 'done', spending: { lost: { calls: 0 }, charged: 10 * 3000 + 2 * 15000 } });
  expect(calls).toBe(1);
});
