import Anthropic from '@anthropic-ai/sdk';
import { appendFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildDraft } from '../../../plans/build.ts';
import { canonicalJson, contentHash } from '../../../schemas/canonical.ts';
import type { Law } from '../../../schemas/law.ts';
import { StepBlock } from '../../../schemas/prompt.ts';
import { SIMULATED_HEADER } from '../../../schemas/simulated.ts';
import { DraftOutput, StepOutput } from '../../../schemas/wire.ts';
import { relief } from '../../../worlds/relief/index.ts';
import { startSimModel, type SimModel } from '../../../worlds/sim/server.ts';
import { block, lawNamed, request } from './prompts.ts';

const law = lawNamed('default');
const clientOf = ({ url }: SimModel, apiKey = 'any') => new Anthropic({ apiKey, baseURL: url, maxRetries: 0 });
const textOf = (message: Anthropic.Message) => message.content.map((each) => (each.type === 'text' ? each.text : '')).join('');
const ping = { model: 'm', max_tokens: 100, messages: [{ role: 'user' as const, content: 'ping' }] };

const started: SimModel[] = [];
async function start(changes: Partial<Law> = {}, journal?: string): Promise<SimModel> {
  const server = await startSimModel({ port: 0, law: { ...law, ...changes }, ...(journal === undefined ? {} : { journal }) });
  started.push(server);
  return server;
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()));
});

/** How an API call fails. */
async function failure(call: Promise<unknown>): Promise<InstanceType<typeof Anthropic.APIError>> {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Anthropic.APIError)) throw new Error(`did not fail as an API call: ${String(error)}`);
  return error;
}

describe('through the SDK', () => {
  let server: SimModel;
  let client: Anthropic;
  beforeAll(async () => {
    server = await startSimModel({ port: 0, law });
    client = clientOf(server);
  });
  afterAll(() => server.close());

  test('a draft is a plan that can be built', async () => {
    const situation = relief.situation(0);
    const message = await client.messages.create(request({ kind: 'draft' }));
    expect(message).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn', model: 'claude-test' });
    const { plan } = buildDraft(DraftOutput.parse(JSON.parse(textOf(message))), situation);
    expect(plan.nodes[0]).toMatchObject({ text: situation.initial });
  });

  test('the same body gets the same bytes, streamed or not, on this server and on the next', async () => {
    const first = await client.messages.create(request({ kind: 'draft' }));
    const streamed = await client.messages.stream(request({ kind: 'draft' })).finalMessage();
    const other = await clientOf(await start()).messages.create(request({ kind: 'draft' }));
    // the SDK's stream adds a field of its own
    expect(streamed).toMatchObject(first);
    expect(canonicalJson(other)).toBe(canonicalJson(first));
  });

  test('a stream brings the events in the order of the service', async () => {
    const events: string[] = [];
    for await (const event of await client.messages.create({ ...request({ kind: 'draft' }), stream: true })) {
      if (events.at(-1) !== event.type) events.push(event.type);
    }
    expect(events).toEqual(['message_start', 'content_block_start', 'content_block_delta', 'content_block_stop', 'message_delta', 'message_stop']);
  });

  test('a forced tool carries the answer as its input, streamed or not', async () => {
    const body = request({ kind: 'draft', route: 'tool' });
    const message = await client.messages.create(body);
    expect(message.stop_reason).toBe('tool_use');
    const [call] = message.content;
    if (call?.type !== 'tool_use') throw new Error('no tool call');
    expect(() => buildDraft(DraftOutput.parse(call.input), relief.situation(0))).not.toThrow();
    expect((await client.messages.stream(body).finalMessage()).content).toEqual(message.content);
  });

  test('the beta route of the same call is answered too', async () => {
    const message = await client.beta.messages.create({ ...ping });
    expect(message.content).toHaveLength(1);
  });

  test('a message that is none of ours gets a short text', async () => {
    const message = await client.messages.create({ ...ping, max_tokens: 1 });
    expect(message.stop_reason).toBe('max_tokens');
    expect(message.usage.output_tokens).toBe(1);
    expect(textOf(message)).toHaveLength(4);
  });

  test('max_tokens 0 fills the cache and says nothing', async () => {
    const body = request({ kind: 'critique', plan: relief.exemplary(relief.situation(0)), textbook: 'warm-up' });
    const warm = await client.messages.create({ ...body, max_tokens: 0, messages: ping.messages });
    expect(warm.content).toEqual([]);
    expect(warm.usage.cache_creation_input_tokens).toBeGreaterThan(1000);
    const next = await client.messages.create(body);
    expect(next.usage.cache_read_input_tokens).toBe(warm.usage.cache_creation_input_tokens);
    expect(next.usage.cache_creation_input_tokens).toBe(0);
  });

  test('a schema that is not ours gets a small value of it', async () => {
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'], additionalProperties: false };
    const message = await client.messages.create({ ...ping, output_config: { format: { type: 'json_schema', schema } } });
    expect(JSON.parse(textOf(message))).toEqual({ ok: true });
  });

  test('an answer longer than max_tokens is cut off', async () => {
    const message = await client.messages.create({ ...request({ kind: 'draft' }), max_tokens: 50 });
    expect(message.stop_reason).toBe('max_tokens');
    expect(message.usage.output_tokens).toBe(50);
    expect(() => JSON.parse(textOf(message)) as unknown).toThrow();
  });

  test('count_tokens counts what the message is charged for', async () => {
    const { max_tokens: _, ...body } = request({ kind: 'draft' });
    const { input_tokens: counted } = await client.messages.countTokens(body);
    const { usage } = await client.messages.create(request({ kind: 'draft' }));
    expect(usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0)).toBe(counted);
  });

  test('models are listed and described', async () => {
    const page = await client.models.list({ limit: 1 });
    expect(page.data.map(({ id }) => id)).toEqual(['exemplar-sim']);
    expect((await client.models.retrieve('claude-test')).capabilities?.structured_outputs.supported).toBe(true);
  });

  test('every response names the law, a request id and the limits, errors too', async () => {
    const { response } = await client.messages.create(ping).withResponse();
    const { headers } = await failure(client.messages.create({ ...ping, messages: [] }));
    for (const each of [response.headers, headers as Headers]) {
      expect(each.get(SIMULATED_HEADER)).toBe(contentHash(law));
      expect(each.get('request-id')).toMatch(/^req_/);
      expect(Number(each.get('anthropic-ratelimit-requests-remaining'))).toBeLessThanOrEqual(Number(each.get('anthropic-ratelimit-requests-limit')));
    }
  });

  test('a repair is answered rightly: the last step block counts, the model\'s own turn does not', async () => {
    const body = request({ kind: 'draft' });
    const repair = block(StepBlock.parse({ step: { kind: 'draft', instructions: 'Mend it.', faults: ['not JSON'] } }));
    const message = await client.messages.create({
      ...body,
      messages: [...body.messages, { role: 'assistant', content: [{ type: 'text', text: '{"step":{"kind":"explain"}}' }] }, { role: 'user', content: [repair] }],
    });
    expect(() => buildDraft(DraftOutput.parse(JSON.parse(textOf(message))), relief.situation(0))).not.toThrow();
  });
});

describe('errors', () => {
  test('no key and the key "invalid" are refused, in the shape of the service', async () => {
    const server = await start();
    const error = await failure(clientOf(server, 'invalid').messages.create(ping));
    expect(error).toBeInstanceOf(Anthropic.AuthenticationError);
    expect(error.type).toBe('authentication_error');
    const bare = await fetch(`${server.url}/v1/models`, { headers: { 'anthropic-version': '2023-06-01' } });
    expect(bare.status).toBe(401);
    expect(await bare.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error', message: 'a key is required, as x-api-key or as Authorization: Bearer' } });
  });

  test('the version header is needed; both that of 2023 and the SDK\'s own will do', async () => {
    const { url } = await start();
    const get = async (headers: Record<string, string>) => (await fetch(`${url}/v1/models`, { headers: { 'x-api-key': 'k', ...headers } })).status;
    expect(await get({})).toBe(400);
    expect(await get({ 'anthropic-version': 'newest' })).toBe(400);
    expect(await get({ 'anthropic-version': '2023-06-01' })).toBe(200);
    expect(await get({ 'anthropic-version': '2023-06-01', 'x-api-key': '' })).toBe(401);
  });

  test('another path is not found', async () => {
    const error = await failure(clientOf(await start()).messages.batches.delete('b1'));
    expect(error).toBeInstanceOf(Anthropic.NotFoundError);
    expect(error.message).toContain('DELETE /v1/messages/batches/b1');
  });

  test('a situation of no world is refused, with what to do instead', async () => {
    const error = await failure(clientOf(await start()).messages.create(request({ kind: 'draft', situation: { ...relief.situation(0), initial: 'The rover stands where no world puts it.', world: null } })));
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect(error.message).toContain('plays only situations of a world (known: relief, household); for others set ANTHROPIC_API_KEY');
  });

  test('bodies that are no messages are refused with the field', async () => {
    const { url } = await start();
    const post = async (body: string) => {
      const response = await fetch(`${url}/v1/messages`, { method: 'POST', body, headers: { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' } });
      return { status: response.status, error: ((await response.json()) as { error: { message: string } }).error.message };
    };
    expect(await post('{')).toEqual({ status: 400, error: 'The request body is not valid JSON' });
    expect((await post('{"model":"m","max_tokens":1}')).error).toContain('messages');
    expect((await post('{"model":"m","max_tokens":-1,"messages":[{"role":"user","content":"hi"}]}')).error).toContain('max_tokens');
    expect((await post('{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"text","text":""}]}]}')).error).toContain('non-empty');
  });

  test('faults of the law come as the SDK\'s error classes, as often as the law says', async () => {
    const all = { rateLimited: 0, overloaded: 0, serverError: 0, malformed: 0, truncated: 0, refusal: 0, times: 2 };
    const kinds = [
      ['rateLimited', 429, Anthropic.RateLimitError],
      ['overloaded', 529, Anthropic.APIError],
      ['serverError', 500, Anthropic.InternalServerError],
    ] as const;
    for (const [kind, status, type] of kinds) {
      const client = clientOf(await start({ faults: { ...all, [kind]: 1 } }));
      for (let i = 0; i < 2; i++) {
        const error = await failure(client.messages.create(ping));
        expect(error).toBeInstanceOf(type);
        expect(error.status).toBe(status);
        if (status === 429) expect((error.headers as Headers).get('retry-after')).toBe('1');
      }
      expect((await client.messages.create(ping)).stop_reason).toBe('end_turn');
    }
  });

  test('a refusal, a cut and a malformed answer are answers', async () => {
    const none = { rateLimited: 0, overloaded: 0, serverError: 0, malformed: 0, truncated: 0, refusal: 0, times: 1 };
    const ask = async (faults: Law['faults']) => {
      const client = clientOf(await start({ faults }));
      const bad = await client.messages.create(request({ kind: 'draft' }));
      const good = await client.messages.create(request({ kind: 'draft' }));
      expect(() => DraftOutput.parse(JSON.parse(textOf(good)))).not.toThrow();
      return bad;
    };
    const refusal = await ask({ ...none, refusal: 1 });
    expect(refusal).toMatchObject({ stop_reason: 'refusal', content: [], stop_details: { type: 'refusal' } });
    expect((await ask({ ...none, truncated: 1 })).stop_reason).toBe('max_tokens');
    const malformed = await ask({ ...none, malformed: 1 });
    expect(malformed.stop_reason).toBe('end_turn');
    expect(() => JSON.parse(textOf(malformed)) as unknown).toThrow();
  });
});

describe('the ledger', () => {
  const paid = async (server: SimModel) => {
    const { calls } = (await (await fetch(`${server.url}/sim/calls`)).json()) as { calls: { idempotencyKey: string | null; status: number; times: number }[] };
    return calls.map(({ idempotencyKey, status, times }) => ({ idempotencyKey, status, times }));
  };

  test('counts calls by idempotency key and status', async () => {
    const server = await start();
    const client = clientOf(server);
    await client.messages.create(ping, { headers: { 'idempotency-key': 'a' } });
    await client.messages.create(ping, { headers: { 'idempotency-key': 'a' } });
    await client.messages.create(ping, { headers: { 'idempotency-key': 'b' } });
    await failure(client.messages.create({ ...ping, messages: [] }, { headers: { 'idempotency-key': 'c' } }));
    expect(await paid(server)).toEqual([
      { idempotencyKey: 'a', status: 200, times: 2 },
      { idempotencyKey: 'b', status: 200, times: 1 },
      { idempotencyKey: 'c', status: 400, times: 1 },
    ]);
  });

  test('a call that hangs gets nothing until its caller gives up, and is answered when it is asked again', async () => {
    const server = await start({ faults: { ...law.faults, hang: 1 } });
    const impatient = new Anthropic({ apiKey: 'any', baseURL: server.url, maxRetries: 0, timeout: 200 });
    await expect(impatient.messages.create(ping)).rejects.toThrow(Anthropic.APIConnectionTimeoutError);
    expect(await clientOf(server).messages.create(ping)).toMatchObject({ type: 'message' });
  });

  test.each([false, true])('half an answer counts as paid, and the whole one comes when it is asked for again (streamed: %s)', async (streamed) => {
    const server = await start({ faults: { ...law.faults, halfAnswer: 1 } });
    const ask = async () => (streamed ? await clientOf(server).messages.stream(ping).finalMessage() : await clientOf(server).messages.create(ping));
    await expect(ask()).rejects.toThrow();
    expect(await ask()).toMatchObject({ type: 'message' });
    const { calls } = (await (await fetch(`${server.url}/sim/calls`)).json()) as { calls: { status: number; times: number }[] };
    expect(calls).toMatchObject([{ status: 200, times: 2 }]);
  });

  test('a journal keeps the counts and the faults already met for the next server, a line cut short apart', async () => {
    const journal = join(mkdtempSync(join(tmpdir(), 'exemplar-journal-')), 'calls.jsonl');
    const faults = { ...law.faults, rateLimited: 1 };
    const first = await start({ faults }, journal);
    await failure(clientOf(first).messages.create(ping, { headers: { 'idempotency-key': 'a' } }));
    await first.close();
    appendFileSync(journal, '{"idempotencyKey":"a","bod');
    const second = await start({ faults }, journal);
    await clientOf(second).messages.create(ping, { headers: { 'idempotency-key': 'a' } });
    expect((await paid(second)).map(({ status }) => status)).toEqual([429, 200]);
    expect(readFileSync(journal, 'utf8').split('\n').filter((line) => line.includes('"status":')).length).toBe(2);
  });
});

test('an alternative explanation shares no premise with the one to be avoided', async () => {
  const situation = relief.situation(0);
  const plan = relief.exemplary(situation);
  const client = clientOf(await start());
  const explain = async (avoid: StepOutput['explanation'][]) =>
    StepOutput.parse(JSON.parse(textOf(await client.messages.create(request({ kind: 'explain', plan, step: { avoid } }))))).explanation;
  const first = await explain([{ text: 'x', arguments: [{ claim: 'c', premises: ['p'], supports: [] }] }]);
  const second = await explain([first]);
  const premises = (explanation: StepOutput['explanation']) => explanation.arguments.flatMap((argument) => argument.premises);
  expect(premises(second).filter((premise) => premises(first).includes(premise))).toEqual([]);
  expect(premises(second).length).toBeGreaterThan(1);
});
