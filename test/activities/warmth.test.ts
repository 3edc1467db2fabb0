import { expect, onTestFinished, test } from 'vitest';
import type { ModelAnswer, ModelRequest, SendOptions } from '../../activities/model.ts';
import { Warmth, type CacheUse } from '../../activities/warmth.ts';
import { anthropicClient, AnthropicModel } from '../../infra/model-anthropic.ts';
import { startSimModel } from '../../worlds/sim/server.ts';
import { lawNamed } from '../worlds/sim/prompts.ts';

const MINUTE = 60_000;

function request(chapter: string, step = 'critique'): ModelRequest {
  return {
    model: 'm',
    maxTokens: 100,
    system: [{ text: 'rules' }, { text: chapter.repeat(4_000), breakpoint: true }],
    turns: [{ role: 'user', blocks: [{ text: step }] }],
    schema: {},
    structured: 'schema',
  };
}

/** Calls that stay out until they are told to begin or to end. */
function provider() {
  const out: { options: Pick<SendOptions, 'cacheTtl' | 'onBegun'>; end: (answer: string) => void; fail: (error: Error) => void }[] = [];
  const send = (options: Pick<SendOptions, 'cacheTtl' | 'onBegun'>) => new Promise<string>((end, fail) => out.push({ options, end, fail }));
  return { out, send };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('the first call with a cold chapter goes out alone; the others follow once it has begun to be answered', async () => {
  const { out, send } = provider();
  const warmth = new Warmth(() => 0);
  const calls = [1, 2, 3].map((n) => warmth.through('p', request('a', `${n}`), '5m', send));
  await settle();
  expect(out).toHaveLength(1);
  out[0]?.options.onBegun?.();
  await settle();
  expect(out).toHaveLength(3);
  expect(out[1]?.options.onBegun).toBeUndefined();
  for (const each of out) each.end('done');
  expect(await Promise.all(calls)).toEqual(['done', 'done', 'done']);
});

test('another chapter, another answer schema and other tools do not wait', async () => {
  const { out, send } = provider();
  const warmth = new Warmth(() => 0);
  const others: ModelRequest[] = [request('a'), request('b'), { ...request('a'), schema: { type: 'object' } }, { ...request('a'), tools: [{ name: 't', description: '', inputSchema: {} }] }];
  for (const other of others) void warmth.through('p', other, '5m', send);
  await settle();
  expect(out).toHaveLength(4);
});

test('against the simulated model, eight calls at once write a chapter once; without the gate each of them writes it', async () => {
  const sim = await startSimModel({ law: lawNamed('default', { latencyMs: 1_000 }), port: 0 });
  onTestFinished(() => sim.close());
  const model = new AnthropicModel(anthropicClient({ apiKey: 'sim', baseURL: sim.url }));
  const calls = async (chapter: string, through: (request: ModelRequest, send: (options: object) => Promise<ModelAnswer>) => Promise<ModelAnswer>) => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => {
        const asked = request(chapter, `${i}`);
        return through(asked, (cache) => model.send(asked, { idempotencyKey: `${chapter}${i}`, ...cache }));
      }),
    );
    return answers.filter(({ usage }) => (usage.cacheWriteTokens ?? 0) > 0).length;
  };
  const warmth = new Warmth();
  expect(await calls('gated ', (asked, send) => warmth.through('p', asked, '5m', send))).toBe(1);
  expect(await calls('loose ', (_, send) => send({}))).toBe(8);
}, 30_000);

test('a prefix too short to be cached does not wait', async () => {
  const { out, send } = provider();
  const warmth = new Warmth(() => 0);
  const short = { ...request('a'), system: [{ text: 'rules', breakpoint: true }] };
  for (let i = 0; i < 2; i++) void warmth.through('p', short, '5m', send);
  await settle();
  expect(out).toHaveLength(2);
});

test('when the first call fails, one of those who waited takes its place and the rest wait for that one', async () => {
  const { out, send } = provider();
  const warmth = new Warmth(() => 0);
  const calls = [1, 2, 3].map(() => warmth.through('p', request('a'), '5m', send).catch((error: Error) => error.message));
  await settle();
  out[0]?.fail(new Error('lost'));
  await settle();
  expect(out).toHaveLength(2);
  out[1]?.end('written');
  await settle();
  expect(out).toHaveLength(3);
  out[2]?.end('read');
  expect(await Promise.all(calls)).toEqual(['lost', 'written', 'read']);
});

test('calls wait for a first one that waits its turn itself, and write the chapter themselves only when it has been out for a minute', async () => {
  let now = 0;
  const uses: CacheUse[] = [];
  const warmth = new Warmth(() => now);
  const call = () => void warmth.through('p', request('a'), '5m', (use) => new Promise<void>(() => uses.push(use)));
  call();
  call();
  now = 60 * MINUTE;
  await settle();
  expect(uses).toHaveLength(1);
  uses[0]?.onOut?.(true);
  await settle();
  // refused, and in line again
  uses[0]?.onOut?.(false);
  now = 70 * MINUTE;
  call();
  await settle();
  expect(uses).toHaveLength(1);
  uses[0]?.onOut?.(true);
  now = 71 * MINUTE;
  call();
  await settle();
  expect(uses.length).toBeGreaterThan(1);
  expect(uses[1]?.onBegun).toBeUndefined();
});

test('a chapter stays warm while it is used, and is written anew when five minutes pass without use', async () => {
  let now = 0;
  const { out, send } = provider();
  const warmth = new Warmth(() => now);
  const use = async (at: number) => {
    now = at * MINUTE;
    const call = warmth.through('p', request('a'), '5m', send);
    await settle();
    const wrote = out.at(-1)?.options.onBegun !== undefined;
    out.at(-1)?.end('');
    await call;
    return wrote;
  };
  const wrote: boolean[] = [];
  for (const at of [0, 4, 8, 12, 17.5, 18]) wrote.push(await use(at));
  expect(wrote).toEqual([true, false, false, false, true, false]);
});

test('traffic too thin for five minutes makes `auto` write for an hour, and ends up near the cheapest that a cache can be', async () => {
  // one use each 7 minutes over 5 hours; prices relative to plain input: read 0.1, write 1.25 for five minutes, 2 for an hour
  const uses = Array.from({ length: 43 }, (_, i) => 7 * i);
  const cost = async (setting: 'auto' | '5m') => {
    let now = 0;
    let spent = 0;
    const kept = { expires: -1, ttl: 5 };
    const warmth = new Warmth(() => now);
    for (const at of uses) {
      now = at * MINUTE;
      await warmth.through('p', request('a'), setting, ({ cacheTtl }) => {
        // the provider's own books
        if (now < kept.expires) spent += 0.1;
        else {
          kept.ttl = cacheTtl === '1h' ? 60 : 5;
          spent += cacheTtl === '1h' ? 2 : 1.25;
        }
        kept.expires = now + kept.ttl * MINUTE;
        return Promise.resolve();
      });
    }
    return spent;
  };
  expect(await cost('5m')).toBeCloseTo(43 * 1.25);
  expect(await cost('auto')).toBeCloseTo(1.25 + 2 + 41 * 0.1);
});
