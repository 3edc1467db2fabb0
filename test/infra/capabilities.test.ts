import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { probeCapabilities } from '../../infra/capabilities.ts';
import { identifyProvider } from '../../infra/provider.ts';
import type { CampaignFile } from '../../schemas/campaign.ts';
import { Law } from '../../schemas/law.ts';
import { startSimModel, type SimModel } from '../../worlds/sim/server.ts';
import defaultLaw from '../../worlds/laws/default.json' with { type: 'json' };

interface Asked {
  route: string;
  body: { output_config?: unknown; tools?: unknown; system?: { cache_control?: unknown }[] };
}
interface Reply {
  status?: number;
  body: object;
  headers?: Record<string, string>;
}
/** Replies by route, such as `GET /v1/models`; what is missing is answered with 404. */
type Routes = Record<string, (asked: Asked, times: number) => Reply>;

const servers: (Server | SimModel)[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) void server.close();
});

const NOT_FOUND: Reply = { status: 404, body: { type: 'error', error: { type: 'not_found_error', message: 'not found' } } };
const trouble = (status: number): Reply => ({ status, body: { type: 'error', error: { type: 'api_error', message: 'no' } } });

async function serving(routes: Routes): Promise<{ baseURL: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const one: Asked = { route: `${request.method} ${(request.url ?? '').split('?')[0]}`, body: (text === '' ? {} : JSON.parse(text)) as Asked['body'] };
      asked.push(one);
      const { status = 200, body, headers } = routes[one.route]?.(one, asked.filter(({ route }) => route === one.route).length) ?? NOT_FOUND;
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const FREE = { inputPerMTok: 0, outputPerMTok: 0, cacheWritePerMTok: 0, cacheReadPerMTok: 0 };

async function probe(baseURL: string, model: Partial<CampaignFile['model']> = {}) {
  const config = { apiKey: 'any', baseURL };
  return await probeCapabilities(config, await identifyProvider(config), { name: 'some-model', maxOutputTokens: 1000, cacheTtl: 'auto', price: FREE, ...model });
}

const message = (block: object, usage?: object): Reply => ({ body: { id: 'm', type: 'message', role: 'assistant', model: 'some-model-2', content: [block], stop_reason: 'end_turn', ...(usage === undefined ? {} : { usage }) } });
const JSON_WORDS = { type: 'text', text: '{"colour": "blue"}' };
const WORDS = { type: 'text', text: 'Certainly!' };
const CALLED = { type: 'tool_use', id: 't', name: 'answer', input: { colour: 'blue' } };
const COUNTS = { input_tokens: 5, output_tokens: 1 };
const cached = (read: number, written: number) => ({ ...COUNTS, cache_read_input_tokens: read, cache_creation_input_tokens: written });
const isCacheProbe = ({ body }: Asked) => body.system?.some((block) => block.cache_control !== undefined) === true && body.output_config === undefined;

describe('a server that has nothing but messages', () => {
  const bare: Routes = { 'POST /v1/messages': ({ body }) => (body.tools !== undefined ? message(CALLED) : message(body.output_config === undefined ? WORDS : JSON_WORDS)) };

  it('has no counter and no batches, and everything it does not state is unknown and never zero', async () => {
    const { baseURL, asked } = await serving(bare);
    expect(await probe(baseURL)).toEqual({
      model: 'some-model-2',
      structured: 'schema',
      promptCache: 'unknown',
      tokenCounting: 'no',
      batches: 'no',
      usage: { input: false, output: false, cache: false },
      limits: { requests: null, tokens: null, inputTokens: null, outputTokens: null },
      contextTokens: null,
      outputTokens: null,
    });
    expect(asked.filter(isCacheProbe)).toHaveLength(0);
  });
});

describe('the structured route', () => {
  it('is the forced tool where output_config is answered with 500', async () => {
    const { baseURL } = await serving({ 'POST /v1/messages': ({ body }) => (body.output_config !== undefined ? trouble(500) : message(body.tools === undefined ? WORDS : CALLED, COUNTS)) });
    expect(await probe(baseURL)).toMatchObject({ structured: 'tool', usage: { input: true, output: true, cache: false } });
  });

  it('is the forced tool where output_config is passed over in silence', async () => {
    const { baseURL } = await serving({ 'POST /v1/messages': ({ body }) => message(body.tools === undefined ? WORDS : CALLED, COUNTS) });
    expect((await probe(baseURL)).structured).toBe('tool');
  });
});

describe('the prompt cache', () => {
  const answering = (usage: (probe: boolean, times: number) => object): Routes => {
    let probes = 0;
    return { 'POST /v1/messages': (asked) => message(JSON_WORDS, isCacheProbe(asked) ? usage(true, ++probes) : usage(false, 0)) };
  };

  it('is unknown where usage has no cache fields, and is not tried', async () => {
    const { baseURL, asked } = await serving(answering(() => COUNTS));
    expect((await probe(baseURL)).promptCache).toBe('unknown');
    expect(asked.filter(isCacheProbe)).toHaveLength(0);
  });

  it('works where the second of two equal calls reads from it', async () => {
    const { baseURL, asked } = await serving(answering((probing, times) => (probing ? (times === 1 ? cached(0, 6000) : cached(6000, 0)) : cached(0, 0))));
    expect((await probe(baseURL)).promptCache).toBe('yes');
    const [first, second, ...more] = asked.filter(isCacheProbe);
    expect(second?.body).toEqual(first?.body);
    expect(more).toEqual([]);
    expect(JSON.stringify(first?.body).length).toBeGreaterThan(4 * 4096);
  });

  it('does not where its fields stay zero', async () => {
    const { baseURL } = await serving(answering(() => cached(0, 0)));
    expect((await probe(baseURL)).promptCache).toBe('no');
  });

  it('is unknown where trying would be dear', async () => {
    const { baseURL, asked } = await serving(answering(() => cached(0, 0)));
    expect((await probe(baseURL, { price: { ...FREE, inputPerMTok: 10, cacheWritePerMTok: 12.5 } })).promptCache).toBe('unknown');
    expect(asked.filter(isCacheProbe)).toHaveLength(0);
  });

  it('is unknown where nobody knows the price', async () => {
    const { baseURL } = await serving(answering(() => cached(0, 0)));
    const config = { apiKey: 'any', baseURL };
    expect((await probeCapabilities(config, await identifyProvider(config), { name: 'some-model', maxOutputTokens: 1000, cacheTtl: 'auto' })).promptCache).toBe('unknown');
  });

  it('is unknown where the calls with a breakpoint fail', async () => {
    const { baseURL } = await serving({ 'POST /v1/messages': (asked) => (isCacheProbe(asked) ? trouble(400) : message(JSON_WORDS, cached(0, 0))) });
    expect((await probe(baseURL)).promptCache).toBe('unknown');
  });
});

describe('what the server states', () => {
  const talking = (more: Routes, headers?: Record<string, string>): Routes => ({ 'POST /v1/messages': () => ({ ...message(JSON_WORDS, COUNTS), ...(headers === undefined ? {} : { headers }) }), ...more });

  it('limits come from the headers of an answer', async () => {
    const { baseURL } = await serving(talking({}, { 'anthropic-ratelimit-requests-limit': '50', 'anthropic-ratelimit-input-tokens-limit': '30000', 'anthropic-ratelimit-output-tokens-limit': '8000' }));
    expect((await probe(baseURL)).limits).toEqual({ requests: 50, tokens: null, inputTokens: 30_000, outputTokens: 8_000 });
  });

  it('limits are read from the headers of other servers, and nonsense is none', async () => {
    const { baseURL } = await serving(talking({}, { 'x-ratelimit-limit-requests': '60', 'x-ratelimit-limit-tokens': 'many' }));
    expect((await probe(baseURL)).limits).toEqual({ requests: 60, tokens: null, inputTokens: null, outputTokens: null });
  });

  it('context and batches come from the model itself', async () => {
    const entry = { id: 'some-model', type: 'model', max_input_tokens: 200_000, max_tokens: 64_000, capabilities: { batch: { supported: true } } };
    const { baseURL, asked } = await serving(talking({ 'GET /v1/models/some-model': () => ({ body: entry }) }));
    expect(await probe(baseURL)).toMatchObject({ contextTokens: 200_000, outputTokens: 64_000, batches: 'yes' });
    expect(asked.map(({ route }) => route)).not.toContain('GET /v1/messages/batches');
  });

  it('context is found in a list that names it otherwise', async () => {
    const { baseURL } = await serving(talking({ 'GET /v1/models': () => ({ body: { object: 'list', data: [{ id: 'other', max_model_len: 1 }, { id: 'some-model', max_model_len: 32_768 }] } }) }));
    expect(await probe(baseURL)).toMatchObject({ contextTokens: 32_768, outputTokens: null });
  });

  it('batches are there where they can be listed, and unknown where the server is in trouble', async () => {
    const there = await serving(talking({ 'GET /v1/messages/batches': () => ({ body: { data: [], has_more: false } }) }));
    const ill = await serving(talking({ 'GET /v1/messages/batches': () => trouble(503) }));
    expect([(await probe(there.baseURL)).batches, (await probe(ill.baseURL)).batches]).toEqual(['yes', 'unknown']);
  });

  it('tokens are counted where a number comes back', async () => {
    const { baseURL } = await serving(talking({ 'POST /v1/messages/count_tokens': () => ({ body: { input_tokens: 9 } }) }));
    expect((await probe(baseURL)).tokenCounting).toBe('yes');
  });

  it('a busy server is waited for', async () => {
    const { baseURL } = await serving({ 'POST /v1/messages': (_, times) => (times === 1 ? trouble(429) : message(JSON_WORDS, COUNTS)) });
    expect((await probe(baseURL)).structured).toBe('schema');
  });
});

it('a server that refuses the call of one token is not probed any further', async () => {
  const { baseURL, asked } = await serving({ 'POST /v1/messages': () => trouble(400) });
  await expect(probe(baseURL)).rejects.toMatchObject({ status: 400 });
  expect(asked.filter(({ route }) => route === 'POST /v1/messages')).toHaveLength(1);
});

it('the simulated model has a cache, a counter and stated limits', async () => {
  const sim = await startSimModel({ port: 0, law: Law.parse(defaultLaw) });
  servers.push(sim);
  expect(await probe(sim.url)).toMatchObject({ structured: 'schema', promptCache: 'yes', tokenCounting: 'yes', usage: { input: true, output: true, cache: true }, contextTokens: 1_000_000, limits: { requests: 100_000 } });
});
