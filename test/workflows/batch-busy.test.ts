import { createServer, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, expect, test, vi } from 'vitest';
import { AnthropicBatches } from '../../infra/batches-anthropic.ts';
import { anthropicClient } from '../../infra/model-anthropic.ts';
import { packageRoot } from '../../infra/package-root.ts';
import { intentsPrefix } from '../../schemas/keys.ts';
import { Law } from '../../schemas/law.ts';
import { Place } from '../harness/batches.ts';

/* The provider limits requests to its batches apart from those for messages. */
vi.setConfig({ testTimeout: 180_000 });

const RETRY_AFTER_S = 3;
const servers: Server[] = [];
afterAll(() => servers.forEach((server) => server.close()));

async function listening(server: Server): Promise<string> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What a request wants of the batches; null for another one. */
function kindOf({ method, url = '' }: IncomingMessage): string | null {
  const [, rest] = /^\/v1\/messages\/batches([^?]*)/.exec(url) ?? [];
  if (rest === undefined) return null;
  return rest === '' ? (method === 'POST' ? 'create' : 'list') : rest.endsWith('/results') ? 'results' : rest.endsWith('/cancel') ? 'cancel' : 'retrieve';
}

/** Hands requests on, but for the first of each kind that concerns batches: that is one too many. */
class Toll {
  /** Requests by kind: milliseconds of arrival. */
  readonly asked = new Map<string, number[]>();

  async before(url: string): Promise<string> {
    return await listening(
      createServer((request, response) => {
        void (async () => {
          const kind = kindOf(request);
          const body = await buffer(request);
          const times = kind === null ? [] : (this.asked.get(kind) ?? []);
          if (kind !== null) this.asked.set(kind, [...times, Date.now()]);
          if (kind !== null && times.length === 0) {
            response.writeHead(429, { 'content-type': 'application/json', 'retry-after': String(RETRY_AFTER_S) });
            response.end(JSON.stringify({ type: 'error', error: { type: 'rate_limit_error', message: 'too many requests to the batches' } }));
            return;
          }
          const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => name !== 'host' && name !== 'content-length')) as Record<string, string>;
          const answer = await fetch(`${url}${request.url}`, { method: request.method ?? 'GET', headers, ...(body.length === 0 ? {} : { body }) });
          const text = (await answer.text()).replaceAll(url, `http://${request.headers.host}`);
          response.writeHead(answer.status, Object.fromEntries([...answer.headers].filter(([name]) => !/^(content-length|content-encoding|transfer-encoding|connection)$/.test(name))));
          response.end(text);
        })();
      }),
    );
  }

  /** Seconds between the refusal of a kind and its next request. */
  waited(kind: string): number {
    const [refused, next] = this.asked.get(kind) as [number, number];
    return (next - refused) / 1000;
  }
}

const given = JSON.parse(readFileSync(join(packageRoot, 'test', 'durability', 'campaign', 'law.json'), 'utf8')) as object;
const law = Law.parse({ ...given, latencyMs: 0, faults: {}, batch: { latencyMs: 100 } });

test('a provider too busy for its batches is asked again when it says so: no batch is lost, and none is asked for twice', async () => {
  const toll = new Toll();
  const at = await Place.open(law, (url) => toll.before(url));
  const name = await at.campaign({ actor: { alternatives: 0, maxPasses: 1 }, model: { mode: 'batch' }, situations: { from: 'world', world: 'relief', count: 2, seed: 3 } });
  expect(await at.run(name)).toMatchObject({ state: 'done', outcomes: { failed: 0 }, waiting: '' });
  for (const kind of ['create', 'retrieve', 'results']) expect(toll.waited(kind), kind).toBeGreaterThanOrEqual(RETRY_AFTER_S);
  const { data } = (await (await fetch(`${at.sim.url}/v1/messages/batches?limit=1000`, { headers: { 'x-api-key': 'simulated', 'anthropic-version': '2023-06-01' } })).json()) as { data: unknown[] };
  const intents = [...at.store.objects.keys()].filter((key) => key.startsWith(intentsPrefix(name)));
  expect(intents.filter((key) => key.endsWith('.end.json')).length).toBe(data.length);
  expect(intents.filter((key) => key.endsWith('.calls.json')).length).toBe(data.length);
  expect(await at.paidAgain()).toEqual([]);
  await at.close();
});

test('a list that is refused half-way is read on, and a cancellation is asked for again', async () => {
  const row = (n: number) => ({ id: `b${n}`, type: 'message_batch', created_at: new Date(0).toISOString(), processing_status: 'ended', request_counts: { processing: 0, succeeded: n, errored: 0, canceled: 0, expired: 0 } });
  const seen: string[] = [];
  const url = await listening(
    createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://any');
      const after = searchParams.get('after_id');
      const what = `${request.method} ${pathname.split('/').slice(4).join('/')}${after ?? ''}`;
      seen.push(what);
      const first = seen.filter((each) => each === what).length === 1;
      const busy = first && (after === 'b2' || pathname.endsWith('/cancel'));
      response.writeHead(busy ? 529 : 200, { 'content-type': 'application/json', ...(busy ? { 'retry-after': '0' } : {}) });
      if (busy) response.end(JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: 'overloaded' } }));
      else response.end(JSON.stringify(pathname.endsWith('/cancel') ? row(1) : after === null ? { data: [row(3), row(2)], has_more: true, first_id: 'b3', last_id: 'b2' } : { data: [row(1)], has_more: false, first_id: 'b1', last_id: 'b1' }));
    }),
  );
  const batches = new AnthropicBatches(anthropicClient({ apiKey: 'simulated', baseURL: url }));
  const ids: string[] = [];
  for await (const { id } of batches.list()) ids.push(id);
  expect(ids).toEqual(['b3', 'b2', 'b1']);
  await batches.cancel('b1');
  expect(seen).toEqual(['GET ', 'GET b2', 'GET b2', 'POST b1/cancel', 'POST b1/cancel']);
});
