import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What an S3 server in trouble does. `full`: takes no more bytes, and goes on reading. `short`: breaks off within an answer. `stall`: says no more within it. */
export type StoreFault = 'error' | 'slowDown' | 'slow' | 'full' | 'reset' | 'short' | 'stall';

export interface StoreRequest {
  method: string;
  /** Without the bucket; of a list, its prefix. */
  key: string;
  /** The call of the AWS SDK that this request is an attempt at. */
  invocation: string;
}

/** Which moment of a request is held: it is on its way to S3, or S3 has done it and the caller does not know yet. */
export type Edge = 'before' | 'after';

export interface Held {
  /** Resolves once the request is held. */
  reached: Promise<StoreRequest>;
  /** Lets it go on, as it does when its caller is gone. */
  release(): void;
}

/** Stands before an S3 server, for one client of it. */
export interface StoreGate {
  url: string;
  /** Does this to every request that matches, from now on; null: to none any more. */
  disturb(fault: StoreFault | null, matches?: (request: StoreRequest) => boolean): void;
  /** Holds the next request that matches. One whose caller dies before it has gone on never reaches S3. */
  hold(edge: Edge, matches: (request: StoreRequest) => boolean): Held;
  /** Answers that are known to lie on S3, by key. */
  stored: ReadonlySet<string>;
  /** Connections that callers hold open; those of one that was killed go once all it had sent has come. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

const SLOW_MS = 2_000;
const NOTICED_MS = 100;

/** `behind` is asked at each request. Bytes and headers, signatures among them, pass as they are. */
export async function startStoreGate(behind: () => string): Promise<StoreGate> {
  const stored = new Set<string>();
  let trouble: { fault: StoreFault; matches: (request: StoreRequest) => boolean } | null = null;
  let waiting: { edge: Edge; matches: (request: StoreRequest) => boolean; reached: (request: StoreRequest) => void; released: Promise<void> }[] = [];

  async function wait(edge: Edge, asked: StoreRequest): Promise<void> {
    const held = waiting.find((each) => each.edge === edge && each.matches(asked));
    if (held === undefined) return;
    waiting = waiting.filter((each) => each !== held);
    held.reached(asked);
    await held.released;
    // the end of a caller that has just been killed may not have come through yet
    await sleep(NOTICED_MS);
  }

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = read(incoming);
    const body = await whole(incoming);
    const fault = trouble?.matches(asked) === true ? trouble.fault : null;
    if (fault === 'reset') return void response.destroy();
    const refusal = fault === null ? null : refusalOf(fault, asked);
    if (refusal !== null) return void response.writeHead(refusal.status, { 'content-type': 'application/xml' }).end(refusal.body);
    if (fault === 'slow') await sleep(SLOW_MS);
    await wait('before', asked);
    if (response.destroyed) return;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request(new URL(incoming.url ?? '/', behind()), { method: incoming.method, headers: incoming.headers }, resolve).once('error', reject).end(body);
    });
    const given = await whole(answer);
    await wait('after', asked);
    const status = answer.statusCode ?? 502;
    if (asked.key.startsWith('responses/') && (status === 200 || status === 412)) stored.add(asked.key);
    response.writeHead(status, answer.headers);
    if (fault !== 'short' && fault !== 'stall') return void response.end(given);
    response.write(given.subarray(0, given.length >> 1), () => fault === 'short' && response.destroy());
  }

  const server = createServer((incoming, response) => void pass(incoming, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stored,
    connections: () => new Promise((resolve, reject) => server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))),
    disturb: (fault, matches = () => true) => {
      trouble = fault === null ? null : { fault, matches };
    },
    hold: (edge, matches) => {
      let release = () => {};
      const released = new Promise<void>((resolve) => (release = resolve));
      const reached = new Promise<StoreRequest>((resolve) => waiting.push({ edge, matches, reached: resolve, released }));
      return {
        reached,
        release: () => {
          waiting = waiting.filter((each) => each.released !== released);
          release();
        },
      };
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function read({ method = 'GET', url = '/', headers }: IncomingMessage): StoreRequest {
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const key = decodeURIComponent(pathname.split('/').slice(2).join('/'));
  return { method, key: searchParams.get('prefix') ?? key, invocation: headers['amz-sdk-invocation-id']?.toString() ?? '' };
}

async function whole(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function refusalOf(fault: StoreFault, { method }: StoreRequest): { status: number; body: string } | null {
  const error = (status: number, code: string) => ({ status, body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}, made up by a test</Message></Error>` });
  switch (fault) {
    case 'error':
      return error(500, 'InternalError');
    case 'slowDown':
      return error(503, 'SlowDown');
    case 'full':
      return method === 'PUT' ? error(507, 'InsufficientStorage') : null;
    case 'slow':
    case 'reset':
    case 'short':
    case 'stall':
      return null;
  }
}
