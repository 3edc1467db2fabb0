import { describe, expect, onTestFinished, test } from 'vitest';
import { Limiter } from '../../../activities/limits/limiter.ts';
import { TurnedAway } from '../../../activities/limits/turned-away.ts';
import { Busy, type ModelRequest } from '../../../activities/model.ts';
import { anthropicClient, AnthropicModel } from '../../../infra/model-anthropic.ts';
import { LimitLaw } from '../../../schemas/law.ts';
import { rngOf } from '../../../worlds/rng.ts';
import { startSimModel } from '../../../worlds/sim/server.ts';
import { LimitedProvider, type ProviderOptions } from '../../fakes/limited-provider.ts';
import { lawNamed } from '../../worlds/sim/prompts.ts';

const MINUTE = 60_000;
const R = 600;
const requests = (burstS: number) => ({ requestsPerMinute: R, burstS });
const silent: ProviderOptions['tells'] = () => ({});

/** One process, 100 callers without rest, for five minutes after one of warming up. */
async function fiveMinutes(options: ProviderOptions) {
  const provider = new LimitedProvider(options);
  provider.callers(provider.process(), 'c', 100, 6 * MINUTE);
  await provider.clock.pass(6 * MINUTE);
  return provider.between(60, 360);
}

describe('against the limits that the simulated model keeps', () => {
  test.each([60, 5, 1])('a limit of requests is used to 0.9 and met with at most 1 % refusals, where %i s of it may come at once', async (burstS) => {
    const after = await fiveMinutes({ law: requests(burstS) });
    expect(after.requests).toBeGreaterThan(0.9 * R);
    expect(after.refused).toBeLessThan(0.01);
  });

  test('so is a limit of input tokens, where prompts differ twentyfold', async () => {
    const limit = 300_000;
    const after = await fiveMinutes({ law: { inputTokensPerMinute: limit, burstS: 10 }, tokens: (rng) => ({ inputTokens: 100 + Math.floor(1_900 * rng()), outputTokens: 100 }) });
    expect(after.inputTokens).toBeGreaterThan(0.9 * limit);
    expect(after.refused).toBeLessThan(0.01);
  });

  test('and one of output tokens, which nobody knows before', async () => {
    const limit = 60_000;
    const after = await fiveMinutes({ law: { outputTokensPerMinute: limit, burstS: 10 }, latencyMs: 5_000, tokens: (rng) => ({ inputTokens: 100, outputTokens: rng() < 0.2 ? 800 : 50 }) });
    expect(after.outputTokens).toBeGreaterThan(0.9 * limit);
    expect(after.refused).toBeLessThan(0.01);
  });

  test('a server that tells nothing of its limits is learned from refusals', async () => {
    const after = await fiveMinutes({ law: requests(5), tells: silent });
    expect(after.requests).toBeGreaterThan(0.9 * R);
    expect(after.refused).toBeLessThan(0.01);
  });

  test('so is one whose headers tell of twice the limit, with room', async () => {
    const lie: ProviderOptions['tells'] = (headers) => ({ ...headers, 'anthropic-ratelimit-requests-limit': String(2 * R), 'anthropic-ratelimit-requests-remaining': String(2 * R - 1) });
    const after = await fiveMinutes({ law: requests(5), tells: lie });
    expect(after.requests).toBeGreaterThan(0.9 * R);
    expect(after.refused).toBeLessThan(0.01);
  });

  test('two processes that know nothing of each other share a limit, the later one too', async () => {
    const provider = new LimitedProvider({ law: requests(10) });
    provider.callers(provider.process(), 'c', 100, 6 * MINUTE, 'early');
    await provider.clock.pass(MINUTE);
    provider.callers(provider.process(), 'c', 100, 5 * MINUTE, 'late');
    await provider.clock.pass(5 * MINUTE);
    const both = provider.between(120, 360);
    expect(both.requests).toBeGreaterThan(0.9 * R);
    expect(both.refused).toBeLessThan(0.001);
    for (const who of ['early', 'late']) expect(provider.between(120, 360, who).requests).toBeGreaterThan(0.4 * R);
  });

  test('two processes come under the same limit by its refusals alone', async () => {
    const provider = new LimitedProvider({ law: requests(10), tells: silent });
    provider.callers(provider.process(), 'c', 100, 10 * MINUTE, 'early');
    await provider.clock.pass(MINUTE);
    provider.callers(provider.process(), 'c', 100, 9 * MINUTE, 'late');
    await provider.clock.pass(9 * MINUTE);
    const both = provider.between(180, 600);
    expect(both.requests).toBeGreaterThan(0.9 * R);
    expect(both.refused).toBeLessThan(0.02);
    for (const who of ['early', 'late']) expect(provider.between(180, 600, who).requests).toBeGreaterThan(0.25 * R);
  });
});

describe('refusals', () => {
  test('retry-after is kept by all calls', async () => {
    const provider = new LimitedProvider({ ails: (at) => (at >= 20_000 && at < 21_000 ? new Busy('slow down', 30_000) : null), tells: silent });
    provider.callers(provider.process(), 'c', 40, MINUTE);
    await provider.clock.pass(MINUTE);
    const refusals = provider.seen.filter(({ refused }) => refused);
    expect(refusals.length).toBeGreaterThan(0);
    const last = refusals.at(-1)?.at as number;
    expect(provider.seen.filter(({ at }) => at > last && at < last + 30_000)).toEqual([]);
    expect(provider.seen.some(({ at }) => at >= last + 30_000)).toBe(true);
  });

  test.each([
    ['429 in spite of room', () => new Busy('slow down', 1_000)],
    ['529', () => new Busy('overloaded', null, { overloaded: true })],
  ])('now and then a %s holds back its own call alone', async (_, busy) => {
    const chance = rngOf('ailing');
    const provider = new LimitedProvider({ ails: () => (chance() < 0.03 ? busy() : null) });
    provider.callers(provider.process(), 'c', 30, 2 * MINUTE);
    await provider.clock.pass(2 * MINUTE);
    // 30 callers, a second a call, 3 % of them waiting half a second or one
    expect(provider.between(10, 120).requests).toBeGreaterThan(0.95 * 30 * 60);
  });

  test('an outage is asked ever more rarely, and work is back soon after it', async () => {
    const provider = new LimitedProvider({ law: requests(60), ails: (at) => (at > MINUTE && at < 6 * MINUTE ? new Busy('overloaded', null, { overloaded: true }) : null) });
    provider.callers(provider.process(), 'c', 100, 10 * MINUTE);
    await provider.clock.pass(10 * MINUTE);
    expect(provider.between(60, 120).refusals).toBeLessThan(60);
    expect(provider.between(120, 360).refusals).toBeLessThan(20);
    expect(provider.between(480, 600).requests).toBeGreaterThan(0.9 * R);
  });

  test('when patience ends, the call fails with what the provider said last', async () => {
    const cause = new Error('429 for ever');
    const provider = new LimitedProvider({ ails: () => new Busy('slow down', 10_000, { cause }) });
    const call = provider.call(provider.process({ patienceMs: 45_000 }), 'c').catch((error: unknown) => error);
    await provider.clock.pass(MINUTE);
    expect(await call).toBe(cause);
    expect(provider.seen.map(({ at }) => at)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000]);
  });

  test('another error passes at once, and its place is free for the next call', async () => {
    const provider = new LimitedProvider({ ails: (at) => (at === 0 ? (new Error('500') as Busy) : null) });
    const limiter = provider.process();
    const calls = Promise.allSettled(Array.from({ length: 20 }, () => provider.call(limiter, 'c')));
    await provider.clock.pass(5_000);
    expect((await calls).map(({ status }) => status).filter((status) => status === 'fulfilled')).toHaveLength(0);
    await Promise.all([provider.call(limiter, 'c'), provider.clock.pass(5_000)]);
  });
});

describe('a worker that is shutting down', () => {
  test('turns away at once what waits and what comes, and lets finish what is out', async () => {
    const provider = new LimitedProvider({ law: requests(60), tells: silent });
    const limiter = provider.process();
    const calls = Promise.allSettled(Array.from({ length: 20 }, () => provider.call(limiter, 'c')));
    await provider.clock.pass(0);
    expect(provider.seen).toHaveLength(16);
    limiter.close();
    const late = provider.call(limiter, 'c').catch((error: unknown) => error);
    await provider.clock.pass(MINUTE);
    expect(provider.seen).toHaveLength(16);
    expect((await calls).map(({ status }) => status)).toEqual([...Array<string>(16).fill('fulfilled'), ...Array<string>(4).fill('rejected')]);
    expect(await late).toBeInstanceOf(TurnedAway);
  });

  test.each([
    ['all calls', () => new Busy('slow down', 30_000)],
    ['that call', () => new Busy('overloaded', 30_000, { overloaded: true })],
  ])('does not ask again where a refusal holds back %s', async (_, busy) => {
    const provider = new LimitedProvider({ ails: busy, tells: silent });
    const limiter = provider.process();
    const call = provider.call(limiter, 'c').catch((error: unknown) => error);
    await provider.clock.pass(1_000);
    limiter.close();
    expect(await call).toBeInstanceOf(TurnedAway);
    await provider.clock.pass(MINUTE);
    expect(provider.seen).toHaveLength(1);
  });
});

describe('campaigns share a limit', () => {
  test('100 callers leave 5 others what those can use', async () => {
    // five callers at a second a call can use 300 a minute: half of the limit
    const provider = new LimitedProvider({ law: requests(10), latencyMs: 800 });
    const limiter = provider.process();
    provider.callers(limiter, 'large', 100, 4 * MINUTE);
    provider.callers(limiter, 'small', 5, 4 * MINUTE);
    await provider.clock.pass(4 * MINUTE);
    for (const campaign of ['large', 'small']) expect(provider.between(60, 240, campaign).requests).toBeGreaterThan(0.4 * (R / 2));
  });

  test.each([
    ['input', { inputTokensPerMinute: 600_000, burstS: 10 }, { long: { inputTokens: 4_000, outputTokens: 100 }, short: { inputTokens: 500, outputTokens: 100 } }],
    ['output', { outputTokensPerMinute: 120_000, burstS: 10 }, { long: { inputTokens: 100, outputTokens: 800 }, short: { inputTokens: 100, outputTokens: 100 } }],
  ] as const)('by the %s that their calls take, not by their number', async (what, law, sizes) => {
    const provider = new LimitedProvider({ law });
    const limiter = provider.process();
    const caller = async (campaign: 'long' | 'short') => {
      for (;;) await provider.callOf(limiter, campaign, sizes[campaign]);
    };
    for (let i = 0; i < 50; i++) for (const campaign of ['long', 'short'] as const) void caller(campaign);
    await provider.clock.pass(4 * MINUTE);
    const [long, short] = ['long', 'short'].map((who) => provider.between(60, 240, who)[`${what}Tokens`]) as [number, number];
    expect(long / (long + short)).toBeGreaterThan(0.4);
    expect(short / (long + short)).toBeGreaterThan(0.4);
  });

  test('a call that others wait for goes ahead in its own line', async () => {
    const provider = new LimitedProvider({ law: { requestsPerMinute: 60, burstS: 20 } });
    const limiter = provider.process();
    provider.callers(limiter, 'c', 100, 2 * MINUTE);
    await provider.clock.pass(MINUTE);
    let done = false;
    void provider.call(limiter, 'c', 'c', true).then(() => (done = true));
    await provider.clock.pass(4_000);
    expect(done).toBe(true);
  });
});

describe('what campaigns are told', () => {
  test('a short wait is not worth a word, a long one is told with its reason, and taken back once', async () => {
    const told: string[] = [];
    const provider = new LimitedProvider({ law: { requestsPerMinute: 60, burstS: 20 } });
    const limiter = provider.process({ held: (campaign, reason) => told.push(`${campaign}: ${reason}`) });
    provider.callers(limiter, 'few', 5, 3 * MINUTE);
    await provider.clock.pass(2 * MINUTE);
    expect(told).toEqual([]);
    provider.callers(limiter, 'many', 200, MINUTE);
    await provider.clock.pass(2 * MINUTE);
    expect(new Set(told)).toEqual(new Set(['many: rate limit: 60 requests a minute']));
    await provider.clock.pass(5 * MINUTE);
    expect(told.indexOf('many: ')).toBe(told.length - 1);
  });

  test('a long retry-after is told with its end', async () => {
    const told: string[] = [];
    const provider = new LimitedProvider({ ails: (at) => (at < 100_000 ? new Busy('slow down', 100_000) : null), tells: silent });
    const limiter = provider.process({ held: (_, reason) => told.push(reason) });
    provider.callers(limiter, 'c', 2, MINUTE);
    await provider.clock.pass(50_000);
    expect(new Set(told)).toEqual(new Set(['rate limit: the model is busy, and is asked again at 00:01:40 UTC']));
  });
});

test('over HTTP, a limit of the simulated model is used to 0.9 with at most 1 % refusals after warming up', async () => {
  const sim = await startSimModel({ port: 0, law: lawNamed('default', { limits: LimitLaw.parse({ requestsPerMinute: 1_200, burstS: 2 }), latencyMs: { median: 100, sigma: 0.5 } }) });
  onTestFinished(() => sim.close());
  const model = new AnthropicModel(anthropicClient({ apiKey: 'k', baseURL: sim.url }));
  const limiter = new Limiter({ patienceMs: MINUTE });
  const request: ModelRequest = { model: 'm', maxTokens: 20, system: [], turns: [{ role: 'user', blocks: [{ text: 'Well?' }] }], schema: { type: 'object', properties: {}, required: [], additionalProperties: false }, structured: 'schema' };
  const answered: number[] = [];
  const refused: number[] = [];
  const began = performance.now();
  const caller = async (n: number) => {
    for (let i = 0; performance.now() < began + 9_000; i++) {
      await limiter.run({ model: 'm', campaign: 'c', urgent: false, size: { chars: 5, warm: false, maxTokens: 20 } }, async (onLimits) => {
        try {
          const answer = await model.send({ ...request, turns: [{ role: 'user', blocks: [{ text: `Well, ${n}.${i}?` }] }] }, { idempotencyKey: `${n}.${i}`, onLimits });
          answered.push(performance.now() - began);
          return answer;
        } catch (error) {
          refused.push(performance.now() - began);
          throw error;
        }
      });
    }
  };
  await Promise.all(Array.from({ length: 30 }, (_, n) => caller(n)));
  const after = (times: number[]) => times.filter((at) => at >= 3_000 && at < 9_000).length;
  expect(after(answered)).toBeGreaterThan(0.9 * 20 * 6);
  expect(after(refused)).toBeLessThanOrEqual(0.01 * (after(answered) + after(refused)));
}, 30_000);
