import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LimitLaw } from '../../../schemas/law.ts';
import { RateLimited, RateLimits } from '../../../worlds/sim/rate-limits.ts';
import { startSimModel } from '../../../worlds/sim/server.ts';
import { lawNamed } from './prompts.ts';

function limited(law: Partial<LimitLaw>) {
  let now = Date.UTC(2026, 0, 1);
  const limits = new RateLimits(LimitLaw.parse(law), () => now);
  return { account: limits.account('key', 'model'), limits, pass: (ms: number) => void (now += ms), now: () => now };
}

function refusal(work: () => void): RateLimited {
  try {
    work();
  } catch (error) {
    if (error instanceof RateLimited) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('the limits of a key and model', () => {
  test('a bucket gives its burst at once, then its rate, and says how long to wait', () => {
    const { account, pass } = limited({ requestsPerMinute: 60, burstS: 5 });
    for (let i = 0; i < 5; i++) account.admit(1);
    const error = refusal(() => account.admit(1));
    expect(error).toMatchObject({ status: 429, type: 'rate_limit_error', retryAfterS: 1, limit: 'requests' });
    expect(error.message).toContain('rate limit of 60 requests per minute (model: model)');
    pass(999);
    refusal(() => account.admit(1));
    pass(1);
    account.admit(1);
    refusal(() => account.admit(1));
  });

  test('over a long time a caller who never rests gets the rate and the first burst, whatever was refused', () => {
    const { account, pass } = limited({ requestsPerMinute: 600, burstS: 2 });
    let served = 0;
    for (let ms = 0; ms < 600_000; ms += 10) {
      try {
        account.admit(0);
        served += 1;
      } catch {
        // refused: takes nothing
      }
      pass(10);
    }
    expect(served).toBeGreaterThanOrEqual(6_019);
    expect(served).toBeLessThanOrEqual(6_020);
  });

  test('output is taken when it is produced, so that its bucket may be in debt', () => {
    const { account, pass } = limited({ outputTokensPerMinute: 6_000, burstS: 10 });
    account.admit(10);
    account.produced(1_500);
    expect(account.headers()).toMatchObject({ 'anthropic-ratelimit-output-tokens-limit': '6000', 'anthropic-ratelimit-output-tokens-remaining': '0' });
    const error = refusal(() => account.admit(10));
    expect(error).toMatchObject({ limit: 'output tokens', retryAfterS: 6 });
    pass(5_010);
    account.admit(10);
  });

  test('a request larger than the bucket passes when it is full, and is paid off', () => {
    const { account, pass } = limited({ inputTokensPerMinute: 60_000, burstS: 1 });
    account.admit(3_000);
    expect(refusal(() => account.admit(3_000)).retryAfterS).toBe(3);
    pass(3_000);
    account.admit(3_000);
  });

  test('headers tell what the buckets hold, tokens to the nearest thousand, and when they will be full', () => {
    const { account, now } = limited({ requestsPerMinute: 60, inputTokensPerMinute: 60_000, outputTokensPerMinute: 6_000 });
    account.admit(20_400);
    account.produced(1_000);
    const told = account.headers();
    const at = (ms: number) => new Date(now() + ms).toISOString().replace('.000Z', 'Z');
    expect(told).toEqual({
      'anthropic-ratelimit-requests-limit': '60',
      'anthropic-ratelimit-requests-remaining': '59',
      'anthropic-ratelimit-requests-reset': at(1_000),
      'anthropic-ratelimit-tokens-limit': '66000',
      'anthropic-ratelimit-tokens-remaining': '45000',
      'anthropic-ratelimit-tokens-reset': at(21_000),
      'anthropic-ratelimit-input-tokens-limit': '60000',
      'anthropic-ratelimit-input-tokens-remaining': '40000',
      'anthropic-ratelimit-input-tokens-reset': at(21_000),
      'anthropic-ratelimit-output-tokens-limit': '6000',
      'anthropic-ratelimit-output-tokens-remaining': '5000',
      'anthropic-ratelimit-output-tokens-reset': at(10_000),
    });
  });

  test('another model and another key have limits of their own; a law without limits refuses nothing', () => {
    const { account, limits } = limited({ requestsPerMinute: 60, burstS: 1 });
    account.admit(1);
    refusal(() => account.admit(1));
    limits.account('key', 'other').admit(1);
    limits.account('other', 'model').admit(1);
    const free = new RateLimits(undefined, () => 0).account('key', 'model');
    for (let i = 0; i < 200_000; i++) free.admit(1_000_000);
  });
});

test('over HTTP: the burst is served, the next refused by name at once, cached input costs nothing, and the ledger tells limits from faults', async () => {
  const law = lawNamed('default', { limits: LimitLaw.parse({ inputTokensPerMinute: 10_000, burstS: 60 }), faults: { ...lawNamed('default').faults, serverError: 1 } });
  const sim = await startSimModel({ port: 0, law });
  onTestFinished(() => sim.close());
  const client = new Anthropic({ apiKey: 'k', baseURL: sim.url, maxRetries: 0 });
  const ask = (text: string) =>
    client.messages.create({ model: 'm', max_tokens: 10, system: [{ type: 'text', text: text.repeat(16_000), cache_control: { type: 'ephemeral' } }], messages: [{ role: 'user', content: 'Well?' }] }).then(
      () => 200,
      (error: InstanceType<typeof Anthropic.APIError>) => error,
    );
  // 4,000 tokens for a fault of the law, 4,000 to write the cache, 2 a question from then on
  expect(await ask('a')).toMatchObject({ status: 500 });
  for (let i = 0; i < 3; i++) expect(await ask('a')).toBe(200);
  const refused = (await ask('b')) as InstanceType<typeof Anthropic.APIError>;
  expect(refused.status).toBe(429);
  expect(refused.message).toContain('10,000 input tokens per minute');
  const headers = refused.headers as Headers;
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(10);
  expect(headers.get('anthropic-ratelimit-input-tokens-remaining')).toBe('2000');
  const { calls } = (await (await fetch(`${sim.url}/sim/calls`)).json()) as { calls: { status: number; limit?: string; times: number }[] };
  expect(calls.map(({ status, limit, times }) => [status, limit, times])).toEqual([[500, undefined, 1], [200, undefined, 3], [429, 'input tokens', 1]]);
});
