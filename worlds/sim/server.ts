import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { contentHash, sha256Hex } from '../../schemas/canonical.ts';
import type { Law } from '../../schemas/law.ts';
import { SIMULATED_HEADER } from '../../schemas/simulated.ts';
import { answer, bodyHash, type Answer } from './answer.ts';
import { ApiError, invalidRequest } from './api-error.ts';
import { Batches } from './batches.ts';
import { breakOff } from './faults.ts';
import { latencyOf } from './latency.ts';
import { Ledger, type Call } from './ledger.ts';
import { messageOf, streamOf } from './messages.ts';
import { modelInfo, modelsPage } from './models.ts';
import { RateLimited, RateLimits, type Account } from './rate-limits.ts';
import { parseCountTokens, parseMessages } from './request.ts';
import { inputTokens, PromptCache } from './usage.ts';

export interface SimModelOptions {
  /** 0 takes a free one. */
  port: number;
  law: Law;
  /** What the server declares itself by; the law's content hash where not given. */
  lawHash?: string;
  host?: string;
  /** File that gets one JSON line for each answered request for a message. */
  journal?: string;
  /** File that keeps batches over a restart; by default `<journal>.batches`. */
  batches?: string;
}

export interface SimModel {
  url: string;
  port: number;
  close(): Promise<void>;
}

const LARGEST_BODY = 32 * 1024 * 1024;
const LARGEST_BATCH = 256_000_000;

/**
 * Serves the Messages API by a law file: POST /v1/messages and /v1/messages/count_tokens, all of /v1/messages/batches but deletion,
 * GET /v1/models and /v1/models/<any>,
 * and GET /sim/calls, the ledger of answered calls.
 */
export async function startSimModel({ port, law, lawHash = contentHash(law), host = '127.0.0.1', journal, batches = journal && `${journal}.batches` }: SimModelOptions): Promise<SimModel> {
  const service = new Service(law, lawHash, journal ?? null, batches ?? null);
  const server = createServer((request, response) => void service.serve(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    close: async () => {
      service.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

class Service {
  private readonly law: Law;
  private readonly lawHash: string;
  private readonly ledger: Ledger;
  private readonly cache = new PromptCache();
  private readonly batches: Batches;
  private readonly limits: RateLimits;
  private served = 0;

  constructor(law: Law, lawHash: string, journal: string | null, batches: string | null) {
    this.law = law;
    this.lawHash = lawHash;
    this.ledger = new Ledger(journal);
    this.limits = new RateLimits(law.limits);
    this.batches = new Batches(law, this.ledger, this.cache, batches);
  }

  close(): void {
    this.batches.close();
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = `req_${sha256Hex(`${this.lawHash}/${++this.served}`).slice(0, 24)}`;
    response.setHeader(SIMULATED_HEADER, this.lawHash);
    response.setHeader('request-id', requestId);
    try {
      await this.route(request, response);
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      const known = error instanceof ApiError ? error : new ApiError(500, 'api_error', `the simulated model failed: ${String(error)}`);
      if (known.retryAfterS !== null) response.setHeader('retry-after', String(known.retryAfterS));
      this.send(response, known.status, known.body(requestId));
    }
  }

  private async route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pathname = (request.url ?? '/').split('?')[0] ?? '/';
    const route = `${request.method} ${pathname}`;
    if (route === 'GET /sim/calls') return this.send(response, 200, { calls: this.ledger.calls() });
    if (pathname.startsWith('/v1/')) admit(request);
    if (route === 'POST /v1/messages') return await this.message(request, response);
    if (route === 'POST /v1/messages/count_tokens') {
      return this.send(response, 200, { input_tokens: inputTokens(parseCountTokens(await readJson(request))) });
    }
    if (pathname.startsWith('/v1/messages/batches')) return await this.batch(route, request, response);
    if (route === 'GET /v1/models') return this.send(response, 200, modelsPage());
    const model = /^GET \/v1\/models\/([\w.:-]+)$/.exec(route)?.[1];
    if (model !== undefined) return this.send(response, 200, modelInfo(model));
    throw new ApiError(404, 'not_found_error', `${route}: the simulated model does not serve this`);
  }

  private async batch(route: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
    const { origin } = url;
    if (route === 'POST /v1/messages/batches') return this.send(response, 200, this.batches.create(await readJson(request, LARGEST_BATCH), origin));
    if (route === 'GET /v1/messages/batches') return this.send(response, 200, this.batches.list(url.searchParams, origin));
    const [, verb, id = '', part] = /^(GET|POST) \/v1\/messages\/batches\/(\w+)(?:\/(results|cancel))?$/.exec(route) ?? [];
    if (verb === 'GET' && part === undefined) return this.send(response, 200, this.batches.retrieve(id, origin));
    if (verb === 'POST' && part === 'cancel') return this.send(response, 200, this.batches.cancel(id, origin));
    if (verb !== 'GET' || part !== 'results') throw new ApiError(404, 'not_found_error', `${route}: the simulated model does not serve this`);
    const results = this.batches.results(id);
    response.writeHead(200, { 'content-type': 'application/x-jsonl' });
    await pipeline(Readable.from(lines(results)), response);
  }

  private async message(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readJson(request);
    const limits = this.limits.account(keyOf(request.headers), modelIn(body));
    try {
      await this.answer(request, response, body, limits);
    } catch (error) {
      if (!response.headersSent) tell(response, limits.headers());
      throw error;
    }
  }

  private async answer(request: IncomingMessage, response: ServerResponse, body: unknown, limits: Account): Promise<void> {
    const header = request.headers['idempotency-key'];
    const idempotencyKey = typeof header === 'string' ? header : null;
    const asked = this.recording(() => ({ idempotencyKey, bodyHash: contentHash(body ?? null) }), () => parseMessages(body));
    const call = { idempotencyKey, bodyHash: bodyHash(asked) };
    const arrival = this.cache.arrive(asked);
    this.recording(() => call, () => limits.admit(arrival.uncachedTokens));
    await sleep(latencyOf(call.bodyHash, this.ledger.times(call.bodyHash), this.law.latencyMs));
    const given = this.recording(() => call, () => answer(asked, this.law, this.ledger.times(call.bodyHash)));
    // nobody knows of a call that gets no answer whether it was paid for
    if (given.way === 'hang') return this.ledger.record({ ...call, status: 0 });
    const message = messageOf(asked, given, arrival.begin(), call.bodyHash);
    limits.produced(given.outputTokens);
    // counted before the first byte goes out: an answer that a kill keeps from its reader was paid for all the same
    this.ledger.record({ ...call, status: 200 }, { inputTokens: arrival.uncachedTokens, outputTokens: given.outputTokens });
    tell(response, limits.headers());
    if (given.way === 'halfAnswer') return breakOff(response.writeHead(200, { 'content-type': asked.stream ? 'text/event-stream; charset=utf-8' : 'application/json' }), wire(message, given, asked.stream));
    if (!asked.stream) return this.send(response, 200, message);
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    response.end(wire(message, given, asked.stream));
  }

  /** Books a call that is answered with an error. */
  private recording<T>(call: () => Omit<Call, 'status'>, work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.ledger.record({ ...call(), status: error instanceof ApiError ? error.status : 500, ...(error instanceof RateLimited ? { limit: error.limit } : {}) });
      throw error;
    }
  }

  private send(response: ServerResponse, status: number, body: unknown): void {
    const text = JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  }
}

/** What goes over the wire: the message, or the events that stream it. */
function wire(message: ReturnType<typeof messageOf>, given: Answer, stream: boolean): string {
  if (!stream) return JSON.stringify(message);
  return [...streamOf(message, given)].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

/** @throws ApiError: 401 without a key that counts, 400 without a version. */
function admit({ headers }: IncomingMessage): void {
  const key = keyOf(headers);
  if (key === '') throw new ApiError(401, 'authentication_error', 'a key is required, as x-api-key or as Authorization: Bearer');
  if (key === 'invalid') throw new ApiError(401, 'authentication_error', 'invalid API key');
  const version = headers['anthropic-version'];
  if (version === undefined) throw invalidRequest('anthropic-version: header is required');
  if (typeof version !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(version)) throw invalidRequest(`anthropic-version: "${String(version)}" is not a valid version`);
}

function keyOf(headers: IncomingMessage['headers']): string {
  // today's SDK sends the key as a bearer token, earlier ones as x-api-key
  return headers['x-api-key']?.toString() ?? /^Bearer +(.*)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}

/** The model that a body names, well-formed or not. */
function modelIn(body: unknown): string {
  return body !== null && typeof body === 'object' && 'model' in body && typeof body.model === 'string' ? body.model : '';
}

function tell(response: ServerResponse, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

function* lines(values: readonly unknown[]): Generator<string> {
  for (const value of values) yield `${JSON.stringify(value)}\n`;
}

async function readJson(request: IncomingMessage, largest = LARGEST_BODY): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largest) throw new ApiError(413, 'request_too_large', `Request exceeds the maximum size of ${largest} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw Object.assign(invalidRequest('The request body is not valid JSON'), { cause });
  }
}
