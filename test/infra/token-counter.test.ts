import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { chapterBlock } from '../../activities/contents.ts';
import { anthropicClient } from '../../infra/model-anthropic.ts';
import { anthropicCounter, storedCounts } from '../../infra/token-counter.ts';
import { startSimModel } from '../../worlds/sim/server.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { lawNamed } from '../worlds/sim/prompts.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

type Reply = { status: number; body: unknown; headers?: Record<string, string> };
interface Asked {
  path: string;
  body: { model: string; system: { text: string }[] };
}

/** A server that gives the replies in order, the last one for ever; `most` is how many calls were ever open at once. */
async function serve(...replies: Reply[]) {
  const seen: { asked: Asked[]; most: number } = { asked: [], most: 0 };
  let open = 0;
  server = createServer((request, response) => {
    seen.most = Math.max(seen.most, ++open);
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const reply = replies[Math.min(seen.asked.length, replies.length - 1)] as Reply;
      seen.asked.push({ path: request.url ?? '', body: JSON.parse(text) as Asked['body'] });
      // held until the others that may come have come
      setTimeout(() => {
        open -= 1;
        response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers }).end(JSON.stringify(reply.body));
      }, 20);
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server?.once('listening', resolve));
  return { seen, count: anthropicCounter({ apiKey: 'k', baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }) };
}

const counted: Reply = { status: 200, body: { input_tokens: 42 } };
const failed = (status: number, headers = {}): Reply => ({ status, headers, body: { type: 'error', error: { type: 'some_error', message: 'm' } } });

test('the provider is asked to count the block as a system block for the model', async () => {
  const { seen, count } = await serve(counted);
  expect(await count('some-model', 'a block')).toBe(42);
  expect(seen.asked).toMatchObject([{ path: '/v1/messages/count_tokens', body: { model: 'some-model', system: [{ type: 'text', text: 'a block' }] } }]);
});

test.each([400, 404, 405, 501])('a server that answers %d has no counter, and is asked no more', async (status) => {
  const { seen, count } = await serve(failed(status));
  expect(await count('m', 'a')).toBeNull();
  expect(await count('m', 'b')).toBeNull();
  expect(seen.asked).toHaveLength(1);
});

test('an answer that is no count is none', async () => {
  const { count } = await serve({ status: 200, body: { ok: true } });
  expect(await count('m', 'a')).toBeNull();
});

test('a busy provider is waited for, and trouble that passes is no lack of a counter', async () => {
  const { seen, count } = await serve(failed(429, { 'retry-after': '0' }), failed(500), counted);
  expect(await count('m', 'a')).toBe(42);
  expect(seen.asked).toHaveLength(3);
});

test('trouble that stays is one', async () => {
  const { seen, count } = await serve(failed(500));
  expect(await count('m', 'a')).toBeNull();
  expect(seen.asked).toHaveLength(3);
});

test('a refused key is an error, not a lack', async () => {
  const { count } = await serve(failed(401));
  await expect(count('m', 'a')).rejects.toThrow(/401/);
});

test('at most four calls are out at once', async () => {
  const { seen, count } = await serve(counted);
  await Promise.all(Array.from({ length: 20 }, (_, i) => count('m', `block ${i}`)));
  expect(seen.asked).toHaveLength(20);
  expect(seen.most).toBe(4);
});

test('a count is kept by provider, model and text, and asked once', async () => {
  const store = new MemoryStore();
  const asked: string[] = [];
  const counter = (model: string, block: string) => {
    asked.push(`${model} ${block}`);
    return Promise.resolve(block === 'unknown' ? null : block.length);
  };
  const first = storedCounts(store, 'origin:a', 'm', counter);
  expect(await Promise.all([first('four'), first('four'), first('unknown')])).toEqual([4, 4, null]);
  expect(await storedCounts(store, 'origin:a', 'm', counter)('four')).toBe(4);
  expect(asked).toEqual(['m four', 'm unknown']);
  await storedCounts(store, 'origin:b', 'm', counter)('four');
  await storedCounts(store, 'origin:a', 'n', counter)('four');
  await storedCounts(store, 'origin:a', 'm', counter)('unknown');
  expect(asked).toHaveLength(5);
  expect([...store.objects.keys()]).toHaveLength(3);
  for (const key of store.objects.keys()) expect(key).toMatch(/^tokens\/([0-9a-f]{2})\/\1[0-9a-f]{62}\.json$/);
});

test('a chapter counts for no less than it adds to the charge of a message', async () => {
  const sim = await startSimModel({ port: 0, law: lawNamed('default') });
  try {
    const config = { apiKey: 'any', baseURL: sim.url };
    const block = chapterBlock({ textbook: 'ethics', title: 'Ethics', chapter: 'Harm' }, 'Words of a chapter, "quoted".\n'.repeat(500));
    const charged = async (system: string[]) => {
      const message = { model: 'm', max_tokens: 10, system: system.map((text) => ({ type: 'text' as const, text })), messages: [{ role: 'user' as const, content: 'ping' }] };
      return (await anthropicClient(config).messages.create(message)).usage.input_tokens;
    };
    expect(await anthropicCounter(config)('m', block)).toBeGreaterThanOrEqual((await charged(['rules', block])) - (await charged(['rules'])));
  } finally {
    await sim.close();
  }
});
