import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { toFailure } from '../../activities/failures.ts';
import { Busy, type ModelRequest } from '../../activities/model.ts';
import { asUnanswered, Unanswered } from '../../activities/unanswered.ts';
import { anthropicClient, AnthropicModel } from '../../infra/model-anthropic.ts';
import { FAILURE } from '../../schemas/failure-types.ts';

const request: ModelRequest = { model: 'm', maxTokens: 100, system: [{ text: 'rules' }], turns: [{ role: 'user', blocks: [{ text: 'go' }] }], schema: { type: 'object' }, structured: 'schema' };

/** What the provider's SDK throws. */
async function errorAt(baseURL: string, streamed = false): Promise<unknown> {
  const model = new AnthropicModel(anthropicClient({ apiKey: 'k', baseURL, timeoutMs: 300 }));
  return await model.send(request, { idempotencyKey: 'k', ...(streamed ? { onBegun: () => {} } : {}) }).then(
    () => expect.fail('it was answered'),
    (error: unknown) => error,
  );
}

async function serving<T>(answer: Parameters<typeof createServer>[1], use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(answer as never);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const HALF = 'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}\n\n';

test.each<[string, boolean, Parameters<typeof createServer>[1]]>([
  ['a connection that is reset', false, (asked, response) => void asked.resume().once('end', () => response.destroy())],
  ['silence until the time is up', false, (asked) => void asked.resume()],
  ['half a stream', true, (asked, response) => void asked.resume().once('end', () => response.writeHead(200, { 'content-type': 'text/event-stream' }).write(HALF, () => response.destroy()))],
])('%s may have been paid for, and is tried again', async (_name, streamed, answer) => {
  const error = asUnanswered(await serving(answer, (url) => errorAt(url, streamed)));
  expect(error).toBeInstanceOf(Unanswered);
  expect(toFailure(error)).toMatchObject({ type: FAILURE.unavailable, nonRetryable: false });
});

test('a server that is not there was asked nothing', async () => {
  const url = await serving(() => {}, (at) => Promise.resolve(at));
  const error = await errorAt(url);
  expect(asUnanswered(error)).toBe(error);
});

test('a refusal with a status, and a busy provider, were paid nothing', async () => {
  const refusal = await serving((asked, response) => void asked.resume().once('end', () => response.writeHead(500).end('{}')), errorAt);
  expect(asUnanswered(refusal)).toBe(refusal);
  const busy = new Busy('later', null);
  expect(asUnanswered(busy)).toBe(busy);
});
