import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { redacted } from '../../activities/secrets.ts';
import { LOOPBACK } from '../dev/ports.ts';
import { UsageError } from '../usage-error.ts';
import { encodingOf } from './encryption.ts';

/** Most that a request may hold, bytes: payloads come in lists of one event. */
const LARGEST_BODY = 8 << 20;
const MOST_PAYLOADS = 1_000;
const ALLOWED_HEADERS = 'content-type, x-namespace, authorization';

export interface EndpointOptions {
  /** Port on the loopback interface; 0 takes a free one. */
  port: number;
  /** As workers use them: the first one is the first to encode and the last to decode. Read anew for each request. */
  codecs: () => readonly PayloadCodec[];
  /** Puts what references hold beside them, and takes it off again. */
  inflate: (value: unknown) => Promise<unknown>;
  deflate: (value: unknown) => unknown;
  /** Origins of the pages that may ask, such as `http://127.0.0.1:8233`. Read anew for each request. */
  origins: () => readonly string[];
  /** Asked for as `Authorization: Bearer <token>`; null: not asked for. */
  token: string | null;
}

export interface Endpoint {
  url: string;
  close(): Promise<void>;
}

const Base64 = z.base64();
const WirePayload = z.object({ metadata: z.record(z.string(), Base64).default({}), data: Base64.default('') });
const Body = z.object({ payloads: z.array(WirePayload).max(MOST_PAYLOADS).default([]) });
type WirePayload = z.infer<typeof WirePayload>;

/** What a request is refused with. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Temporal's codec protocol for its UI and command line: POST <any path>/decode and /encode take and give `{payloads}` as protobuf's
 * JSON. Decoded references are inflated. Pages of other origins, other hosts' names and a wrong token are turned away.
 */
export async function startCodecEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const server = createServer((request, response) => void serve(options, request, response));
  await new Promise<void>((resolve, reject) => server.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'EADDRINUSE' ? new UsageError(`--port: ${options.port} is in use, perhaps by the codec server that \`exemplar up\` starts; give another, or 0 for a free one`) : error)).listen(options.port, LOOPBACK, resolve));
  return {
    url: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(options: EndpointOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    admit(options, request);
    const { origin } = request.headers;
    response.setHeader('vary', 'origin');
    if (origin !== undefined) {
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-allow-credentials', 'true');
    }
    if (request.method === 'OPTIONS') {
      response.writeHead(204, { 'access-control-allow-methods': 'POST, OPTIONS', 'access-control-allow-headers': ALLOWED_HEADERS, 'access-control-max-age': '600' }).end();
      return;
    }
    const verb = /\/(encode|decode)$/.exec((request.url ?? '').split('?')[0] ?? '')?.[1];
    if (verb === undefined) throw new Refusal(404, 'POST /decode and /encode are served');
    if (request.method !== 'POST') throw new Refusal(405, `${request.method}: only POST is allowed`);
    authorize(options, request);
    const payloads = (await readPayloads(request)).map(fromWire);
    const done = verb === 'decode' ? await decode(options, payloads) : await encode(options, payloads);
    send(response, 200, { payloads: done.map(toWire) });
  } catch (error) {
    if (error instanceof Refusal) send(response, error.status, { error: error.message });
    // a key that is missing: the UI shows the payload as it is
    else send(response, 400, { error: redacted((error as Error).message) });
  }
}

/** @throws Refusal for a page of another origin, and for a name of this machine that someone else's domain was made to be. */
function admit({ origins }: EndpointOptions, { headers }: IncomingMessage): void {
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  if (host !== LOOPBACK && host !== 'localhost') throw new Refusal(403, 'asked for by another host name');
  if (headers.origin !== undefined && !origins().includes(headers.origin)) throw new Refusal(403, `pages of ${headers.origin.slice(0, 100)} may not ask; allowed: ${origins().join(', ') || 'none'}`);
}

function authorize({ token }: EndpointOptions, { headers }: IncomingMessage): void {
  if (token === null) return;
  const [wanted, given] = [Buffer.from(`Bearer ${token}`), Buffer.from(headers.authorization ?? '')];
  if (wanted.length !== given.length || !timingSafeEqual(wanted, given)) throw new Refusal(401, 'Authorization: Bearer with the value of EXEMPLAR_CODEC_TOKEN is required');
}

async function decode({ codecs, inflate }: EndpointOptions, payloads: Payload[]): Promise<Payload[]> {
  // one by one: a payload that cannot be read must not hide the others
  return await Promise.all(
    payloads.map(async (payload) => {
      let [plain] = [payload];
      for (const codec of codecs().toReversed()) [plain = payload] = await codec.decode([plain]);
      if (encodingOf(plain) !== 'json/plain') return plain;
      const value: unknown = JSON.parse(Buffer.from(plain.data ?? []).toString());
      const shown = await inflate(value);
      return shown === value ? plain : { ...plain, data: Buffer.from(JSON.stringify(shown)) };
    }),
  );
}

async function encode({ codecs, deflate }: EndpointOptions, payloads: Payload[]): Promise<Payload[]> {
  let encoded = payloads.map((payload) => {
    if (encodingOf(payload) !== 'json/plain') return payload;
    const value: unknown = JSON.parse(Buffer.from(payload.data ?? []).toString());
    const bare = deflate(value);
    return bare === value ? payload : { ...payload, data: Buffer.from(JSON.stringify(bare)) };
  });
  for (const codec of codecs()) encoded = await codec.encode(encoded);
  return encoded;
}

async function readPayloads(request: IncomingMessage): Promise<WirePayload[]> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) throw new Refusal(415, 'content-type must be application/json');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_BODY) throw new Refusal(413, `more than ${LARGEST_BODY} bytes`);
    chunks.push(chunk);
  }
  try {
    return Body.parse(JSON.parse(Buffer.concat(chunks).toString('utf8'))).payloads;
  } catch {
    throw new Refusal(400, `a body is {"payloads": [{"metadata", "data"}]} with base64 values, at most ${MOST_PAYLOADS} of them`);
  }
}

function fromWire({ metadata, data }: WirePayload): Payload {
  return { metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])), data: Buffer.from(data, 'base64') };
}

function toWire({ metadata, data }: Payload): WirePayload {
  const base64 = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('base64');
  return { metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)])), data: base64(data) };
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
