import Anthropic from '@anthropic-ai/sdk';
import type { MessageBatch, MessageBatchIndividualResponse } from '@anthropic-ai/sdk/resources/messages/batches';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Law } from '../../../schemas/law.ts';
import { startSimModel, type SimModel } from '../../../worlds/sim/server.ts';
import { lawNamed, request } from './prompts.ts';

const started: SimModel[] = [];
async function start(batch: Partial<NonNullable<Law['batch']>>, journal?: string): Promise<{ client: Anthropic; server: SimModel }> {
  const law = Law.parse({ ...lawNamed('default'), batch: { latencyMs: 0, ...batch } });
  const server = await startSimModel({ port: 0, law, ...(journal === undefined ? {} : { journal }) });
  started.push(server);
  return { server, client: new Anthropic({ apiKey: 'any', baseURL: server.url, maxRetries: 0 }) };
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()));
});

const pings = (n: number, prefix = 'ping') => Array.from({ length: n }, (_, i) => ({ custom_id: `${prefix}-${i}`, params: { model: 'm', max_tokens: 100, messages: [{ role: 'user' as const, content: `${prefix} ${i}` }] } }));

async function ended(client: Anthropic, id: string): Promise<MessageBatch> {
  return await vi.waitUntil(async () => {
    const batch = await client.messages.batches.retrieve(id);
    return batch.processing_status === 'ended' && batch;
  });
}

async function resultsOf(client: Anthropic, id: string): Promise<Map<string, MessageBatchIndividualResponse['result']>> {
  const results = new Map<string, MessageBatchIndividualResponse['result']>();
  for await (const { custom_id, result } of await client.messages.batches.results(id)) results.set(custom_id, result);
  return results;
}

async function calls(server: SimModel): Promise<{ idempotencyKey: string; bodyHash: string; status: number; times: number }[]> {
  return ((await (await fetch(`${server.url}/sim/calls`)).json()) as { calls: { idempotencyKey: string; bodyHash: string; status: number; times: number }[] }).calls;
}

describe('a simulated batch', () => {
  test('answers what single calls are answered, once all have ended, and each counts as a call', async () => {
    const { client, server } = await start({ latencyMs: 200 });
    const single = await client.messages.create(request({ kind: 'draft' }));
    const batch = await client.messages.batches.create({ requests: [{ custom_id: 'a-1', params: { ...request({ kind: 'draft' }), stream: false } }, ...pings(2)] });
    expect(batch).toMatchObject({ processing_status: 'in_progress', results_url: null, request_counts: { processing: 3, succeeded: 0 } });
    await expect(client.messages.batches.results(batch.id)).rejects.toThrow('No batch `results_url`');
    expect(await ended(client, batch.id)).toMatchObject({ request_counts: { processing: 0, succeeded: 3 } });
    const results = await resultsOf(client, batch.id);
    const first = results.get('a-1');
    expect(first?.type === 'succeeded' && first.message.content).toEqual(single.content);
    expect((await calls(server)).filter(({ idempotencyKey }) => idempotencyKey !== null).map(({ idempotencyKey, status, times }) => `${idempotencyKey} ${status} ${times}`).sort()).toEqual(['a-1 200 1', 'ping-0 200 1', 'ping-1 200 1']);
  });

  test('gives a request that nobody could answer an error of its own', async () => {
    const { client } = await start({});
    const { id } = await client.messages.batches.create({ requests: [...pings(1), { custom_id: 'bad', params: { model: 'm', max_tokens: -1, messages: [] } }] });
    await ended(client, id);
    const results = await resultsOf(client, id);
    expect(results.get('ping-0')).toMatchObject({ type: 'succeeded' });
    expect(results.get('bad')).toMatchObject({ type: 'errored', error: { error: { type: 'invalid_request_error' } } });
  });

  test.each([
    ['a dot in a custom_id', pings(1).map((each) => ({ ...each, custom_id: 'a.1' }))],
    ['a custom_id of 65 characters', pings(1).map((each) => ({ ...each, custom_id: 'a'.repeat(65) }))],
    ['a custom_id twice', [...pings(1), ...pings(1)]],
    ['no requests', []],
  ])('is refused for %s', async (_, requests) => {
    const { client } = await start({});
    await expect(client.messages.batches.create({ requests })).rejects.toThrow(/^400/);
  });

  test('expires and fails requests by the law, the first time alone', async () => {
    const { client } = await start({ expire: 0.3, error: 0.3 });
    const tally = async () => {
      const { id } = await client.messages.batches.create({ requests: pings(100) });
      return (await ended(client, id)).request_counts;
    };
    const first = await tally();
    expect(first.expired).toBeGreaterThan(15);
    expect(first.errored).toBeGreaterThan(15);
    expect(first.expired + first.errored + first.succeeded).toBe(100);
    expect((await tally()).succeeded).toBe(100);
  });

  test('that is canceled keeps what was answered by then', async () => {
    const { client, server } = await start({ latencyMs: 4_000 });
    const { id } = await client.messages.batches.create({ requests: pings(1_000) });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await client.messages.batches.cancel(id)).toMatchObject({ processing_status: 'canceling' });
    const { request_counts: counts } = await ended(client, id);
    expect(counts.succeeded).toBeGreaterThan(0);
    expect(counts.canceled).toBeGreaterThan(0);
    expect(await calls(server)).toHaveLength(counts.succeeded);
  });

  test('is listed newest first, page by page in both directions', async () => {
    const { client } = await start({});
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift((await client.messages.batches.create({ requests: pings(1, `l${i}`) })).id);
    const listed: string[] = [];
    for await (const { id } of client.messages.batches.list({ limit: 2 })) listed.push(id);
    expect(listed).toEqual(ids);
    const page = await client.messages.batches.list({ before_id: ids[4] as string, limit: 2 });
    expect(page.data.map(({ id }) => id)).toEqual([ids[2], ids[3]]);
    expect(page.has_more).toBe(true);
  });

  test('outlives a kill of the server, begun or ended, and is counted once', async () => {
    const journal = join(mkdtempSync(join(tmpdir(), 'sim-batches-')), 'journal.jsonl');
    const before = await start({ latencyMs: 300 }, journal);
    const [first, second] = [await before.client.messages.batches.create({ requests: pings(3, 'a') }), await before.client.messages.batches.create({ requests: pings(3, 'b') })];
    await ended(before.client, first.id);
    await before.server.close();
    const after = await start({ latencyMs: 300 }, journal);
    await ended(after.client, second.id);
    expect([...(await resultsOf(after.client, first.id)).keys()].sort()).toEqual(['a-0', 'a-1', 'a-2']);
    expect([...(await resultsOf(after.client, second.id)).keys()].sort()).toEqual(['b-0', 'b-1', 'b-2']);
    expect(readFileSync(journal, 'utf8').trimEnd().split('\n')).toHaveLength(6);
  });
});
