import { expect, onTestFinished, test } from 'vitest';
import { Busy, type LimitReadings, type ModelRequest } from '../../activities/model.ts';
import { anthropicClient, AnthropicModel } from '../../infra/model-anthropic.ts';
import { readLimits, readRetryAfter } from '../../infra/rate-limit-headers.ts';
import { LimitLaw } from '../../schemas/law.ts';
import { startSimModel } from '../../worlds/sim/server.ts';
import { lawNamed } from '../worlds/sim/prompts.ts';

const NOON = 'Thu, 01 Jan 2026 12:00:00 GMT';

test('a limit is read with what is left of it and when it is whole again, by the server\'s own clock', () => {
  const headers = new Headers({
    date: NOON,
    'anthropic-ratelimit-requests-limit': '50',
    'anthropic-ratelimit-requests-remaining': '0',
    'anthropic-ratelimit-requests-reset': '2026-01-01T12:01:00Z',
    'anthropic-ratelimit-output-tokens-limit': '8000',
  });
  expect(readLimits(headers)).toEqual({ requests: { limit: 50, remaining: 0, fullInMs: 60_000 }, outputTokens: { limit: 8_000, remaining: null, fullInMs: null } });
});

test('headers of other servers are read, and what makes no sense is left out', () => {
  const headers = new Headers({ date: NOON, 'x-ratelimit-limit-requests': '60', 'x-ratelimit-remaining-requests': '', 'x-ratelimit-reset-requests': '12', 'x-ratelimit-limit-tokens': '0', 'anthropic-ratelimit-input-tokens-limit': '-1' });
  expect(readLimits(headers)).toEqual({ requests: { limit: 60, remaining: null, fullInMs: null } });
});

test.each([
  ['7', 7_000],
  ['0', 0],
  ['Thu, 01 Jan 2026 12:00:20 GMT', 20_000],
  ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
  ['soon', null],
  [null, null],
])('retry-after %s', (text, ms) => {
  expect(readRetryAfter(new Headers({ date: NOON, ...(text === null ? {} : { 'retry-after': text }) }))).toBe(ms);
});

test('answers tell their limits, streamed ones before they end, and so do refusals', async () => {
  const sim = await startSimModel({ port: 0, law: lawNamed('default', { limits: LimitLaw.parse({ requestsPerMinute: 3 }) }) });
  onTestFinished(() => sim.close());
  const model = new AnthropicModel(anthropicClient({ apiKey: 'k', baseURL: sim.url }));
  const request: ModelRequest = { model: 'm', maxTokens: 20, system: [], turns: [{ role: 'user', blocks: [{ text: 'Well?' }] }], schema: { type: 'object', properties: {}, required: [], additionalProperties: false }, structured: 'schema' };
  const told: (number | null | undefined | string)[] = [];
  const onLimits = ({ requests }: LimitReadings) => void told.push(requests?.remaining);
  await model.send(request, { idempotencyKey: '1', onLimits });
  await model.send(request, { idempotencyKey: '2', onLimits, onBegun: () => {} }).then(() => told.push('streamed'));
  await model.send({ ...request, maxTokens: 20_000 }, { idempotencyKey: '3', onLimits });
  const busy: unknown = await model.send(request, { idempotencyKey: '4', onLimits }).catch((error: unknown) => error);
  expect(told).toEqual([2, 1, 'streamed', 0, 0]);
  expect(busy).toBeInstanceOf(Busy);
  expect(busy).toMatchObject({ overloaded: false });
  expect((busy as Busy).retryAfterMs).toBeGreaterThan(15_000);
});
