import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Tool, ToolAnswer } from '../../../../activities/tool.ts';
import { openTools } from '../../../../infra/tools/index.ts';
import { packageRoot } from '../../../../infra/package-root.ts';
import { ToolSpec } from '../../../../schemas/tools.ts';
import { CONTEXT } from '../context.ts';

const SERVER = join(packageRoot, 'test', 'infra', 'tools', 'mcp', 'server.js');

interface Opened {
  tools: Tool[];
  call: (name: string, input?: unknown, signal?: AbortSignal) => Promise<ToolAnswer>;
}

async function opened(specs: unknown[], env: NodeJS.ProcessEnv = process.env, folder = packageRoot): Promise<Opened> {
  const { tools, close } = await openTools(specs.map((spec) => ToolSpec.parse(spec)), folder, env);
  onTestFinished(async () => await close());
  return { tools, call: async (name, input = {}, signal = CONTEXT.signal) => await (tools.find((tool) => tool.name === name) as Tool).run(input, { ...CONTEXT, signal }) };
}

const stdio = (allow: string[], more: object = {}) => ({ mcp: 'test', command: [process.execPath, SERVER], allow, ...more });

test('allowed tools are called, and only those exist', async () => {
  const { tools, call } = await opened([stdio(['add', 'Say-It'])]);
  expect(tools.map(({ name }) => name)).toEqual(['test_add', 'test_say_it']);
  expect(tools[0]?.description.length).toBe(1_000);
  expect(tools[0]?.description).not.toContain('\n');
  expect(tools[0]?.inputSchema).toEqual({
    type: 'object',
    properties: { a: { type: 'number' }, b: { anyOf: [{ type: 'number' }, { type: 'null' }] } },
    required: ['a', 'b'],
    additionalProperties: false,
  });
  expect(await call('test_add', { a: 1, b: 2 })).toEqual({ text: '3', error: false, headline: 'test_add: 3' });
  expect(await call('test_add', { a: 1, b: null })).toMatchObject({ text: '101' });
  expect(await call('test_say_it')).toMatchObject({ text: '[image left out]\nsaid' });
});

test('an input that does not meet the schema never reaches the server', async () => {
  const { call } = await opened([stdio(['add', 'pid'])]);
  expect(await call('test_add', { a: 'one', b: null })).toMatchObject({ error: true, text: expect.stringContaining('data/a must be number') as string });
  expect(await call('test_add', 'no object')).toMatchObject({ error: true });
});

test('a failure of the tool is an answer', async () => {
  const { call } = await opened([stdio(['fail'])]);
  expect(await call('test_fail')).toEqual({ text: 'it went wrong', error: true, headline: 'test_fail: failed: it went wrong' });
});

test('an unknown name of a tool is one line that names those there are', async () => {
  await expect(opened([stdio(['add', 'subtract'])])).rejects.toThrow('tools: test: allow: the server has no tool "subtract"; it has add, fail, hang');
});

test('two tools of one name are refused', async () => {
  await expect(opened([stdio(['add']), stdio(['add'])])).rejects.toThrow('tools: two tools are named test_add');
  await expect(opened([{ builtin: 'compute' }, { builtin: 'compute' }])).rejects.toThrow('two tools are named compute');
});

test('an input that cannot be offered to a model is refused, naming it', async () => {
  await expect(opened([stdio(['anything'])])).rejects.toThrow('tools: test: allow: the input of "anything" cannot be offered to a model: $.value: a value of any type');
});

test('a long answer is cut to the bytes allowed, between characters', async () => {
  const { call } = await opened([stdio(['flood'], { maxBytes: 1_000 })]);
  const { text } = await call('test_flood', { bytes: 100_000 });
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1_000);
  expect(text).toMatch(/^ä+ \[cut: 100000 bytes, 1000 are shown at most\]$/);
});

test('an answer too large to be read is given up, and the server works on', async () => {
  const { call } = await opened([stdio(['flood', 'add'])]);
  expect(await call('test_flood', { bytes: 20 << 20 })).toMatchObject({ error: true, text: expect.stringContaining('at once') as string });
  expect(await call('test_add', { a: 1, b: 1 })).toMatchObject({ text: '2' });
});

test('a call that takes too long is an answer that says so; the server is started anew', async () => {
  const { call } = await opened([stdio(['hang', 'pid'], { timeoutS: 1 })]);
  const before = (await call('test_pid')).text;
  expect(await call('test_hang')).toMatchObject({ error: true, text: 'no answer within 1 s' });
  expect((await call('test_pid')).text).not.toBe(before);
});

test('a server that died is started again', async () => {
  const { call } = await opened([stdio(['pid'])]);
  const before = Number((await call('test_pid')).text);
  process.kill(before, 'SIGKILL');
  const after = Number((await call('test_pid')).text);
  expect(after).not.toBe(before);
});

test('a server that dies twice over one call cannot be reached', async () => {
  const { call } = await opened([stdio(['die'])]);
  await expect(call('test_die')).rejects.toThrow(/^MCP server test \(.*\) cannot be reached: .*Connection closed/);
});

test('an aborted call ends with the reason of its signal', async () => {
  const { call } = await opened([stdio(['hang'])]);
  const abort = new AbortController();
  const calling = call('test_hang', {}, abort.signal);
  setTimeout(() => abort.abort(new Error('enough')), 50);
  await expect(calling).rejects.toThrow('enough');
});

test('a command that does not exist cannot be reached', async () => {
  await expect(opened([{ mcp: 'none', command: ['/no/such/command'], allow: ['add'] }])).rejects.toThrow('MCP server none (/no/such/command) cannot be reached: spawn /no/such/command ENOENT');
});

test('the server runs in the folder of the file, and sees only the variables that are passed through', async () => {
  const folder = realpathSync(tmpdir());
  const env = { ...process.env, TEST_TOKEN: 'hush', TEST_OTHER: 'secret' };
  const { call } = await opened([stdio(['env', 'folder'], { env: ['TEST_TOKEN'] })], env, folder);
  expect((await call('test_env', { name: 'TEST_TOKEN' })).text).toBe('hush');
  expect((await call('test_env', { name: 'TEST_OTHER' })).text).toBe('unset');
  expect((await call('test_folder')).text).toBe(folder);
});

test('a variable that is not set is named', async () => {
  await expect(opened([stdio(['add'], { env: ['TEST_TOKEN_OF_NOBODY'] })])).rejects.toThrow('tools: test: the environment variable TEST_TOKEN_OF_NOBODY is not set');
});

test('what a broken server last wrote is told, without secrets', async () => {
  const failure = await opened([stdio(['add'], { env: ['TEST_TOKEN', 'TEST_BROKEN'] })], { ...process.env, TEST_TOKEN: 'hush', TEST_BROKEN: 'yes' }).then(() => null, (error: Error) => error);
  expect(failure?.message).toContain('starting with ***');
});

async function httpServer(): Promise<string> {
  const child = spawn(process.execPath, [SERVER, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const port = await new Promise<string>((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())));
  return `http://127.0.0.1:${port}/mcp`;
}

test('a server over streamable HTTP gets its bearer token', async () => {
  const url = await httpServer();
  const spec = { mcp: 'web', url, allow: ['add', 'flood'], headers: { authorization: 'TEST_TOKEN' } };
  const { call } = await opened([spec], { ...process.env, TEST_TOKEN: 'hush' });
  expect(await call('web_add', { a: 1, b: null })).toMatchObject({ text: '101', error: false });
  expect(await call('web_flood', { bytes: 20 << 20 })).toMatchObject({ error: true });
  await expect(opened([spec], { ...process.env, TEST_TOKEN: 'wrong' })).rejects.toThrow(/^MCP server web \(http.*\) cannot be reached: .*401|who is there/);
});
