import { expect, test } from 'vitest';
import { answerKey, askModel, knownAnswer, type AnswerPorts } from '../../activities/answers.ts';
import { Flights } from '../../activities/flights.ts';
import { Limiter } from '../../activities/limits/limiter.ts';
import { Warmth } from '../../activities/warmth.ts';
import { Busy, type Model, type ModelAnswer, type ModelRequest } from '../../activities/model.ts';
import type { ResponseRecord } from '../../schemas/records.ts';
import { MemoryStore } from '../fakes/memory-store.ts';

const request: ModelRequest = {
  model: 'claude-sonnet-4-6',
  maxTokens: 100,
  system: [{ text: 'rules' }],
  turns: [{ role: 'user', blocks: [{ text: 'go' }] }],
  schema: { type: 'object' },
  structured: 'schema',
};
const payer = { campaign: 'c', run: 'r1', provider: 'simulated:x', price: { inputPerMTok: 3, outputPerMTok: 15, cacheWritePerMTok: 3.75, cacheReadPerMTok: 0.3 }, cacheTtl: '5m' as const };
const key = answerKey(payer.provider, request, { situation: 's', try: 0, sample: 0, path: 'draft.k0.r0' });

function answer(text: string): ModelAnswer {
  return {
    text,
    stop: 'complete',
    stopReason: 'end_turn',
    toolCalls: [],
    usage: { inputTokens: 10, outputTokens: 2, cacheReadTokens: 0, cacheWriteTokens: null, cacheWrite1hTokens: null },
    requestId: 'req',
    model: request.model,
  };
}

/** A model that plays a script and says when it is asked for more. */
class ScriptedModel implements Model {
  readonly keys: string[] = [];
  readonly #script: (() => Promise<ModelAnswer>)[];

  constructor(script: (() => Promise<ModelAnswer>)[]) {
    this.#script = script;
  }

  send(_request: ModelRequest, { idempotencyKey }: { idempotencyKey: string }): Promise<ModelAnswer> {
    this.keys.push(idempotencyKey);
    const next = this.#script.shift();
    if (next === undefined) throw new Error(`the script has no answer number ${this.keys.length}`);
    return next();
  }
}

function ports(model: Model, store = new MemoryStore()): AnswerPorts & { store: MemoryStore } {
  return { store, model, flights: new Flights<ResponseRecord>(), limiter: new Limiter({ patienceMs: 60_000 }), warmth: new Warmth() };
}

test('two askers of one key share a flight: the model is called once, with the store key as idempotency key', async () => {
  const model = new ScriptedModel([() => Promise.resolve(answer('{}'))]);
  const shared = ports(model);
  const [first, second] = await Promise.all([askModel(shared, key, request, payer), askModel(shared, key, request, payer)]);
  expect(model.keys).toEqual([key]);
  expect(second).toEqual(first);
  expect(first.nanoUsd).toBe(10 * 3000 + 2 * 15000);
});

test('a stored answer is found again by another process', async () => {
  const model = new ScriptedModel([() => Promise.resolve(answer('{"a":1}'))]);
  const first = ports(model);
  await askModel(first, key, request, payer);
  const restarted = ports(new ScriptedModel([]), first.store);
  expect((await knownAnswer(restarted, key))?.text).toBe('{"a":1}');
});

test('having an answer, a failing put is retried and the model is never asked again', async () => {
  class FlakyStore extends MemoryStore {
    failures = 3;
    override putIfAbsent(path: string, body: Uint8Array | string): Promise<boolean> {
      if (this.failures-- > 0) return Promise.reject(new Error('disk full'));
      return super.putIfAbsent(path, body);
    }
  }
  const model = new ScriptedModel([() => Promise.resolve(answer('{}'))]);
  const store = new FlakyStore();
  await askModel(ports(model, store), key, request, payer);
  expect(model.keys).toHaveLength(1);
  expect(store.objects.has(key)).toBe(true);
});

test('the loser of a race for a key reads the winner’s answer', async () => {
  const store = new MemoryStore();
  const winner = ports(new ScriptedModel([() => Promise.resolve(answer('"winner"'))]), store);
  const loser = ports(
    new ScriptedModel([
      async () => {
        await askModel(winner, key, request, payer);
        return answer('"loser"');
      },
    ]),
    store,
  );
  expect((await askModel(loser, key, request, payer)).text).toBe('"winner"');
});

test('a busy provider is waited out inside the call', async () => {
  const model = new ScriptedModel([() => Promise.reject(new Busy('slow down', 5)), () => Promise.reject(new Busy('slow down', 5)), () => Promise.resolve(answer('{}'))]);
  await askModel(ports(model), key, request, payer);
  expect(model.keys).toHaveLength(3);
});

test('another body, provider, try or step gives another key', () => {
  const step = { situation: 's', try: 0, sample: 0, path: 'draft.k0.r0' };
  const keys = [
    key,
    answerKey('origin:https://x', request, step),
    answerKey(payer.provider, { ...request, maxTokens: 101 }, step),
    answerKey(payer.provider, request, { ...step, try: 1 }),
    answerKey(payer.provider, request, { ...step, path: 'draft.k0.r1' }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});
