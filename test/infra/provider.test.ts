import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { probeStructured, type Provider } from '../../infra/provider.ts';

interface Asked {
  output_config?: unknown;
  tools?: unknown;
}
type Reply = [status: number, body: object];

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server on loopback that answers the calls by `reply` and remembers how it was asked. */
async function serving(reply: (asked: Asked, call: number) => Reply): Promise<{ baseURL: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push(JSON.parse(Buffer.concat(chunks).toString()) as Asked);
      const [status, body] = reply(asked.at(-1) as Asked, asked.length);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function probe(baseURL: string) {
  const provider: Provider = { identity: `origin:${baseURL}`, simulated: null, origin: baseURL };
  return probeStructured({ apiKey: 'any', baseURL }, provider, 'some-model');
}

const message = (block: object): Reply => [200, { id: 'm', type: 'message', role: 'assistant', model: 'some-model', content: [block], stop_reason: 'end_turn' }];
const words = message({ type: 'text', text: 'Certainly!' });
const json = message({ type: 'text', text: '{"colour": "blue"}' });
const called = message({ type: 'tool_use', id: 't', name: 'answer', input: { colour: 'blue' } });
const trouble = (status: number): Reply => [status, { type: 'error', error: { type: 'api_error', message: 'no' } }];

describe('the probe for structured output', () => {
  it('stays with the schema where the server follows it', async () => {
    const { baseURL, asked } = await serving(() => json);
    expect(await probe(baseURL)).toMatchObject({ structured: 'schema', usage: { inputTokens: null } });
    expect(asked).toHaveLength(1);
  });

  it.each([400, 500])('falls back to a forced tool call where the schema is answered with %i', async (status) => {
    const { baseURL } = await serving(({ tools }) => (tools === undefined ? trouble(status) : called));
    expect((await probe(baseURL)).structured).toBe('tool');
  });

  it('falls back to words where schema and tool are passed over in silence', async () => {
    const { baseURL, asked } = await serving(() => words);
    expect((await probe(baseURL)).structured).toBe('text');
    expect(asked).toHaveLength(3);
  });

  it('waits for a busy server instead of taking it for one without structured output', async () => {
    const { baseURL } = await serving(({ output_config }, call) => (output_config === undefined ? words : call === 1 ? trouble(429) : json));
    expect((await probe(baseURL)).structured).toBe('schema');
  });

  it('throws where no way of asking is answered, so that an outage is not taken for a lack', async () => {
    const { baseURL } = await serving(() => trouble(500));
    await expect(probe(baseURL)).rejects.toMatchObject({ status: 500 });
  });

  it('throws at once where the key is refused', async () => {
    const { baseURL, asked } = await serving(() => trouble(401));
    await expect(probe(baseURL)).rejects.toMatchObject({ status: 401 });
    expect(asked).toHaveLength(1);
  });
});
