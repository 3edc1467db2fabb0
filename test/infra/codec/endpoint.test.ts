import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { afterEach, expect, test } from 'vitest';
import { keepSecret } from '../../../activities/secrets.ts';
import { dataConverterOf } from '../../../infra/codec/data-converter.ts';
import { startCodecEndpoint, type Endpoint, type EndpointOptions } from '../../../infra/codec/endpoint.ts';
import { deflated, inflated } from '../../../infra/codec/inflate.ts';
import { sha256Hex } from '../../../schemas/canonical.ts';
import { objectKey } from '../../../schemas/keys.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';

const UI = 'http://127.0.0.1:8233';
const keys = new Map([['k1', new Uint8Array(randomBytes(32))]]);
const codecs = dataConverterOf(keys).payloadCodecs as PayloadCodec[];
const store = new MemoryStore();
let endpoint: Endpoint;
afterEach(async () => await endpoint.close());

async function serve(options: Partial<EndpointOptions> = {}): Promise<void> {
  endpoint = await startCodecEndpoint({ port: 0, codecs: () => codecs, inflate: (value) => inflated(store, value), deflate: deflated, origins: () => [UI], token: null, ...options });
}

type Wire = { metadata: Record<string, string>; data: string };
const base64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64');
const wire = ({ metadata, data }: Payload): Wire => ({ metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)])), data: base64(data ?? '') });
const plain = (value: unknown): Wire => ({ metadata: { encoding: base64('json/plain') }, data: base64(JSON.stringify(value)) });
const valueOf = ({ data }: Wire): unknown => JSON.parse(Buffer.from(data, 'base64').toString());

async function ask(verb: string, payloads: Wire[], headers: Record<string, string> = {}) {
  const response = await fetch(`${endpoint.url}${verb}`, { method: 'POST', headers: { 'content-type': 'application/json', 'x-namespace': 'default', ...headers }, body: JSON.stringify({ payloads }) });
  return { status: response.status, headers: response.headers, body: (await response.json()) as { payloads: Wire[]; error?: string } };
}

test('what workers write is decrypted, what references hold stands beside them, and the way back leaves it off', async () => {
  await serve();
  const text = 'what the object holds';
  await store.putIfAbsent(objectKey(sha256Hex(text)), text);
  const result = { headline: 'no findings', log: sha256Hex(text), missing: sha256Hex('another'), n: 1 };
  const sealed = (await ask('/default/encode', [plain(result)])).body.payloads;
  expect(Buffer.from(sealed[0]?.metadata['encoding'] ?? '', 'base64').toString()).toBe('binary/encrypted');
  const { body } = await ask('/decode', sealed, { origin: UI });
  expect(valueOf(body.payloads[0] as Wire)).toEqual({ ...result, inflated: { log: text, missing: 'not in the store' } });
  const again = (await ask('/encode', body.payloads)).body.payloads.map((each): Payload => ({ metadata: Object.fromEntries(Object.entries(each.metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])), data: Buffer.from(each.data, 'base64') }));
  let opened = again;
  for (const codec of codecs.toReversed()) opened = await codec.decode(opened);
  expect(valueOf(wire(opened[0] as Payload))).toEqual(result);
});

test('a plain payload of an earlier history is shown as it is, and one whose key is missing is refused by its name', async () => {
  await serve();
  expect((await ask('/decode', [plain({ a: 1 })])).body.payloads).toEqual([plain({ a: 1 })]);
  const other = dataConverterOf(new Map([['k0', new Uint8Array(randomBytes(32))]])).payloadCodecs?.at(-1) as PayloadCodec;
  const foreign = (await other.encode([{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('1') }])).map(wire);
  expect(await ask('/decode', foreign)).toMatchObject({ status: 400, body: { error: expect.stringContaining('the key "k0", which EXEMPLAR_PAYLOAD_KEYS') as string } });
});

test('neither a store nor a codec that fails repeats a secret', async () => {
  const secret = 'codec-secret-0123456789';
  keepSecret(secret);
  await serve({ inflate: (value) => inflated({ get: () => Promise.reject(new Error(`signed with ${secret}`)) }, value) });
  const { body } = await ask('/decode', [plain({ log: sha256Hex('out of reach') })]);
  expect(valueOf(body.payloads[0] as Wire)).toMatchObject({ inflated: { log: 'cannot be read: signed with ***' } });
  await endpoint.close();
  const broken: PayloadCodec = { encode: (payloads) => Promise.resolve(payloads), decode: () => Promise.reject(new Error(`made with ${secret}`)) };
  await serve({ codecs: () => [broken] });
  expect(await ask('/decode', [plain(1)])).toMatchObject({ status: 400, body: { error: 'made with ***' } });
});

test("an object that is not what its hash says, and one too large, are named and not shown", async () => {
  await serve();
  const [forged, large] = [sha256Hex('forged'), 'x'.repeat(60_000)];
  await store.putIfAbsent(objectKey(forged), 'something else');
  await store.putIfAbsent(objectKey(sha256Hex(large)), large);
  const { inflated: held } = valueOf((await ask('/decode', [plain({ a: forged, b: sha256Hex(large) })])).body.payloads[0] as Wire) as { inflated: { a: string; b: string } };
  expect(held.a).toBe('does not match its hash');
  expect(held.b).toHaveLength(20_000 + '… (40000 characters more)'.length);
});

test("the UI's pages may ask with the headers that it sends, others may not", async () => {
  await serve();
  const preflight = await fetch(`${endpoint.url}/decode`, { method: 'OPTIONS', headers: { origin: UI, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,x-namespace' } });
  expect([preflight.status, preflight.headers.get('access-control-allow-origin'), preflight.headers.get('access-control-allow-headers')]).toEqual([204, UI, 'content-type, x-namespace, authorization']);
  for (const origin of ['http://evil.example', 'http://127.0.0.1:9999', 'null']) {
    const { status, headers } = await ask('/decode', [plain(1)], { origin });
    expect([status, headers.get('access-control-allow-origin')]).toEqual([403, null]);
  }
});

test('a name that someone else made to mean this machine is turned away', async () => {
  await serve();
  const { port } = new URL(endpoint.url);
  const status = await new Promise((resolve) => request({ port, host: '127.0.0.1', path: '/decode', method: 'POST', headers: { host: `evil.example:${port}`, 'content-type': 'application/json' } }, (response) => resolve(response.statusCode)).end('{}'));
  expect(status).toBe(403);
});

test('a port in use is the user’s to change', async () => {
  await serve();
  const port = Number(new URL(endpoint.url).port);
  await expect(startCodecEndpoint({ port, codecs: () => codecs, inflate: (value) => inflated(store, value), deflate: deflated, origins: () => [], token: null })).rejects.toThrow(`--port: ${port} is in use`);
});

test('a token is asked for where one is set', async () => {
  await serve({ token: 'open-sesame' });
  expect((await ask('/decode', [plain(1)])).status).toBe(401);
  expect((await ask('/decode', [plain(1)], { authorization: 'Bearer open-sesamf' })).status).toBe(401);
  expect((await ask('/decode', [plain(1)], { authorization: 'Bearer open-sesame' })).status).toBe(200);
});

test.each([
  ['a form, which any page may send', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' }, 415],
  ['no JSON', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }, 400],
  ['a body beyond the bound', { method: 'POST', headers: { 'content-type': 'application/json' }, body: ' '.repeat((8 << 20) + 1) }, 413],
  ['too many payloads', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ payloads: Array(1_001).fill({}) }) }, 400],
  ['another method', { method: 'GET' }, 405],
])('%s is refused', async (_, init, status) => {
  await serve();
  expect((await fetch(`${endpoint.url}/decode`, init)).status).toBe(status);
});
