import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import type { Listed } from '../../activities/store.ts';
import { faultOf } from '../../cli/errors.ts';
import { S3Store } from '../../infra/store-s3.ts';
import { testStore } from '../harness/engine.ts';

type Reply = { status: number; body?: string } | 'hang up';

interface Stage {
  store: S3Store;
  /** `METHOD path`, and what stood in `user-agent`, which only the SDK's middleware sends. */
  asked: { line: string; sdk: boolean }[];
}

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server that answers by a script, an empty 200 where it has come to its end. */
async function stage(script: Reply[]): Promise<Stage> {
  const asked: Stage['asked'] = [];
  server = createServer((request: IncomingMessage, response: ServerResponse) => {
    asked.push({ line: `${request.method} ${(request.url ?? '').split('?')[0]}`, sdk: request.headers['user-agent'] !== undefined });
    request.resume().on('end', () => {
      const reply = script.shift() ?? { status: 200 };
      if (reply === 'hang up') return void response.destroy();
      response.writeHead(reply.status, { 'content-type': 'application/xml' }).end(reply.body ?? '');
    });
  });
  await new Promise<void>((resolve) => (server as Server).listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { asked, store: new S3Store({ bucket: 'bucket', endpoint, credentials: { accessKeyId: 'key', secretAccessKey: 'secret' } }) };
}

const fault = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>m</Message></Error>`;

test('the real server takes what is signed without the SDK: absent, put, put again, read back', async () => {
  const store = testStore();
  const key = (name: string) => `direct/${randomUUID()}/${name}`;
  expect(await store.get(key('first'))).toBeNull();
  const own = key('p1.t3.critique.k0.r0.json');
  expect(await store.putIfAbsent(own, 'größer')).toBe(true);
  expect(await store.putIfAbsent(own, 'other')).toBe(false);
  expect(new TextDecoder().decode((await store.get(own)) ?? new Uint8Array())).toBe('größer');
  expect(await store.get(key('absent'))).toBeNull();
});

test('a put by the SDK makes no object anew either, and an object larger than wanted is not read', async () => {
  const key = `direct/${randomUUID()}/first.json`;
  // of each store the first request is the SDK's
  expect(await testStore().putIfAbsent(key, 'first')).toBe(true);
  expect(await testStore().putIfAbsent(key, 'second')).toBe(false);
  expect(new TextDecoder().decode((await testStore().get(key, 5)) ?? new Uint8Array())).toBe('first');
  await expect(testStore().get(key, 4)).rejects.toThrow(`has 5 bytes; at most 4 were to be read [s3://`);
});

test('the first request goes through the SDK, those after it past its middleware', async () => {
  const { store, asked } = await stage([]);
  await store.putIfAbsent('a/1.json', 'x');
  await store.putIfAbsent('a/2.json', 'x');
  await store.get('a/2.json');
  expect(asked).toEqual([
    { line: 'PUT /bucket/a/1.json', sdk: true },
    { line: 'PUT /bucket/a/2.json', sdk: false },
    { line: 'GET /bucket/a/2.json', sdk: false },
  ]);
});

test('a server that is busy or hangs up is left to the SDK, which tries again', async () => {
  const { store, asked } = await stage([{ status: 200 }, { status: 503, body: fault('SlowDown') }, { status: 200 }, 'hang up', { status: 200, body: 'text' }]);
  await store.putIfAbsent('a/1.json', 'x');
  expect(await store.putIfAbsent('a/2.json', 'x')).toBe(true);
  expect(new TextDecoder().decode((await store.get('a/2.json')) ?? new Uint8Array())).toBe('text');
  expect(asked.map(({ sdk }) => sdk)).toEqual([true, false, true, false, true]);
});

test('a put that meets an object is false, and a missing bucket is an error, not an absent object', async () => {
  const { store } = await stage([{ status: 200 }, { status: 412, body: fault('PreconditionFailed') }, { status: 404, body: fault('NoSuchKey') }, { status: 404, body: fault('NoSuchBucket') }, { status: 404, body: fault('NoSuchBucket') }]);
  await store.putIfAbsent('a/1.json', 'x');
  expect(await store.putIfAbsent('a/2.json', 'x')).toBe(false);
  expect(await store.get('a/3.json')).toBeNull();
  await expect(store.get('a/4.json')).rejects.toThrow(/key=/);
});

test('a key that a path cannot hold as it is goes through the SDK', async () => {
  const { store, asked } = await stage([]);
  await store.putIfAbsent('a/1.json', 'x');
  await store.putIfAbsent('a/b c.json', 'x');
  expect(asked[1]).toEqual({ line: 'PUT /bucket/a/b%20c.json', sdk: true });
});

test('the real server removes any number of objects, those that are not there too, and says when each was last written', async () => {
  const store = testStore();
  const prefix = `removed/${randomUUID()}/`;
  const keys = Array.from({ length: 3 }, (_, n) => `${prefix}${n}.json`);
  for (const key of keys) await store.put(key, key);
  const listed = async () => {
    const found: Listed[] = [];
    for await (const each of store.list(prefix)) found.push(each);
    return found;
  };
  const before = await listed();
  expect(before.map(({ key, bytes }) => [key, bytes])).toEqual(keys.map((key) => [key, key.length]));
  for (const { modified } of before) expect(Math.abs(Date.now() - modified)).toBeLessThan(60_000);
  // a thousand fit in a request
  await store.remove([...Array.from({ length: 1_000 }, (_, n) => `${prefix}absent-${n}`), ...keys.slice(1)]);
  expect((await listed()).map(({ key }) => key)).toEqual(keys.slice(0, 1));
  await store.remove(keys);
  expect(await listed()).toEqual([]);
});

test.each([
  ['the request', { status: 403, body: fault('AccessDenied') }],
  ['one of its objects', { status: 200, body: '<?xml version="1.0"?><DeleteResult><Error><Key>a/1.json</Key><Code>AccessDenied</Code><Message>m</Message></Error></DeleteResult>' }],
])('where the server refuses to remove %s, the missing right is named', async (_, reply) => {
  const { store } = await stage([reply]);
  const failure = (await store.remove(['a/1.json']).catch((error: unknown) => error)) as Error;
  expect(faultOf(failure)).toEqual({ message: expect.stringMatching(/^S3: s3:\/\/bucket at \S+ lets these credentials remove nothing: they need the right s3:DeleteObject$/) as string, exitCode: 1 });
});
