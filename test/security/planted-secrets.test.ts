import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { decode } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { Payload } from '@temporalio/common';
import { stringify } from 'yaml';
import { expect, onTestFinished, test, vi } from 'vitest';
import { dataConverterOf } from '../../infra/codec/data-converter.ts';
import { readPayloadKeys } from '../../infra/codec/payload-keys.ts';
import { readArrow } from '../../infra/arrow/reader.ts';
import { down, up } from '../../infra/dev/services.ts';
import { packageRoot } from '../../infra/package-root.ts';
import { S3Store } from '../../infra/store-s3.ts';
import { Law } from '../../schemas/law.ts';
import { startSimModel } from '../../worlds/sim/server.ts';
import { exemplar, type Ran } from '../cli/exemplar.ts';
import { startEcho } from './echoes.ts';

vi.setConfig({ testTimeout: 240_000 });

const planted = (name: string) => `${name}-${randomBytes(12).toString('hex')}`;
const NAME = 'planted';
const MODEL_REFUSALS = 4;
const STORE_REFUSALS = 4;

/** Every spelling in which a secret may come back. */
function spellings(secret: string): string[] {
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')];
}

/** Every text and every byte of a value. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  return value === null || typeof value !== 'object' ? '' : Object.entries(value).map(([name, inner]) => `${name}\n${textOf(inner)}`).join('\n');
}

function payloadsIn(value: unknown): Payload[] {
  if (value === null || typeof value !== 'object') return [];
  if ('metadata' in value && 'data' in value && value.data instanceof Uint8Array) return [value as Payload];
  return Object.values(value).flatMap(payloadsIn);
}

/** Texts of all files below a folder, by their path. */
function filesBelow(folder: string, skip: readonly string[]): [string, string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !skip.includes(entry.name))
    .map((entry) => [join(entry.parentPath, entry.name), readFileSync(join(entry.parentPath, entry.name), 'latin1')]);
}

test('planted secrets are found in no history, log, object, file or output, though servers and tools repeat them', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'exemplar-planted-'));
  const servers = join(dir, 'servers');
  const home = join(dir, 'home');
  const state = join(home, '.exemplar');
  const closing: (() => Promise<void>)[] = [];
  mkdirSync(home);
  onTestFinished(async () => {
    await down({ dir: state });
    for (const close of closing.toReversed()) await close();
    await down({ dir: servers });
    delete process.env['PLANTED_MCP_LOGIN'];
    rmSync(dir, { recursive: true, force: true });
  });
  const services = await up({ dir: servers, only: ['temporal', 's3'] });
  const secrets = {
    model: planted('sk-ant'),
    s3: services.secretAccessKey,
    temporal: planted('temporal'),
    payload: randomBytes(32).toString('base64'),
    tool: planted('mcp'),
    other: planted('database'),
  };

  const law = Law.parse({ ...(JSON.parse(readFileSync(join(packageRoot, 'test', 'durability', 'campaign', 'law.json'), 'utf8')) as object), latencyMs: 1, toolUse: 0.5 });
  const sim = await startSimModel({ port: 0, law, journal: join(dir, 'journal.jsonl') });
  closing.push(() => sim.close());
  const invalid = (asked: IncomingMessage) => {
    const key = asked.headers['x-api-key'] ?? asked.headers.authorization?.replace(/^Bearer /, '');
    return { status: 401, type: 'application/json', body: JSON.stringify({ type: 'error', error: { type: 'authentication_error', message: `invalid x-api-key: ${String(key)} (database ${secrets.other})` } }) };
  };
  const model = await startEcho(sim.url, (asked, n) => (n < MODEL_REFUSALS && asked.headers['idempotency-key'] !== undefined ? invalid(asked) : null));
  const refusing = await startEcho(sim.url, (asked) => (asked.method === 'POST' ? invalid(asked) : null));
  const denied = { status: 403, type: 'application/xml', body: `<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code><Message>signed with ${secrets.s3}</Message></Error>` };
  // a history names the last failure of an activity alone: what puts an outcome asks no model and runs no tool
  const store = await startEcho(services.s3Endpoint, (asked, n) => (asked.method === 'PUT' && asked.url?.includes('/outcomes/') === true && n < STORE_REFUSALS ? denied : null));
  const closed = await startEcho(services.s3Endpoint, () => denied);
  closing.push(() => model.close(), () => refusing.close(), () => store.close(), () => closed.close());

  const keysText = `k1:${secrets.payload}`;
  const environment = (s3: string, messages: string) => ({
    ANTHROPIC_API_KEY: secrets.model,
    ANTHROPIC_BASE_URL: messages,
    AWS_ENDPOINT_URL: s3,
    AWS_ACCESS_KEY_ID: services.accessKeyId,
    AWS_SECRET_ACCESS_KEY: secrets.s3,
    AWS_REGION: 'us-east-1',
    TEMPORAL_ADDRESS: services.temporalAddress,
    TEMPORAL_API_KEY: secrets.temporal,
    TEMPORAL_TLS: 'false',
    EXEMPLAR_PAYLOAD_KEYS: keysText,
    DATABASE_PASSWORD: secrets.other,
  });
  process.env['PLANTED_MCP_LOGIN'] = secrets.tool;
  const dotenv = (s3: string, messages: string) => {
    const lines = Object.entries(environment(s3, messages)).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(home, '.env'), lines.join(''));
  };
  writeFileSync(
    join(home, 'campaign.yaml'),
    stringify({
      name: NAME,
      model: { name: 'claude-sonnet-4-5' },
      situations: { from: 'world', world: 'relief', count: 2, seed: 5 },
      agents: [join(packageRoot, 'agents', 'field-rover.yaml')],
      library: { path: join(packageRoot, 'test', 'durability', 'campaign', 'library') },
      actor: { alternatives: 1 },
      tools: [{ mcp: 'leaky', command: [process.execPath, join(packageRoot, 'test', 'security', 'leaky-server.js'), join(dir, 'died')], allow: ['look'], env: ['PLANTED_MCP_LOGIN'] }],
    }),
  );

  const outputs: [string, Ran][] = [];
  const say = async (...args: string[]) => {
    const ran = await exemplar(args, { cwd: home, env: { PLANTED_MCP_LOGIN: secrets.tool } });
    outputs.push([args.join(' '), ran]);
    return ran;
  };
  dotenv(services.s3Endpoint, refusing.url);
  await up({ dir: state, only: ['worker'], env: environment(store.url, model.url) });
  await say('check', 'campaign.yaml');
  dotenv(services.s3Endpoint, sim.url);
  expect(await say('run', 'campaign.yaml')).toMatchObject({ code: 0 });
  for (const args of [['status', NAME], ['logs']]) {
    await say(...args);
    await say(...args, '--json');
  }
  await say('show', NAME, '0');
  const { stdout: shown } = await say('show', NAME, '1', '--json');
  const looked = (JSON.parse(shown) as { steps: { path: string; calls: number }[] }).steps.filter(({ calls }) => calls > 1);
  for (const { path } of looked.slice(0, 2)) await say('show', NAME, '1', '--raw', path);
  for (const { path } of looked.slice(0, 1)) await say('show', NAME, '1', '--raw', path, '--json');
  await say('pull', NAME, 'pulled');
  dotenv(closed.url, refusing.url);
  for (const args of [['show', NAME, '0'], ['status', NAME, '--json'], ['check', 'campaign.yaml'], ['check', 'campaign.yaml', '--json']]) await say(...args);

  const found: [string, string][] = outputs.map(([args, { stdout, stderr: said }]) => [`output of ${args}`, stdout + said]);
  found.push(...filesBelow(dir, ['.env', 'credentials.json', 'temporal.db', 'temporal.db-wal', 'temporal.db-shm']));
  const objects = new S3Store({ bucket: services.bucket, endpoint: services.s3Endpoint, credentials: services });
  for await (const { key } of objects.list('')) {
    const bytes = (await objects.get(key)) as Uint8Array;
    found.push([`object ${key}`, textOf(bytes)]);
    if (key.endsWith('.arrow')) found.push([`rows of ${key}`, JSON.stringify(await readArrow(bytes), (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))]);
  }
  const connection = await Connection.connect({ address: services.temporalAddress });
  closing.push(() => connection.close());
  const dataConverter = dataConverterOf(readPayloadKeys({ EXEMPLAR_PAYLOAD_KEYS: keysText }));
  const client = new Client({ connection, dataConverter });
  const histories: string[] = [];
  for await (const info of client.workflow.list()) {
    const history = await client.workflow.getHandle(info.workflowId, info.runId).fetchHistory();
    histories.push(textOf(await decode(dataConverter.payloadCodecs ?? [], payloadsIn(history))));
    found.push([`history of ${info.workflowId}`, textOf(history)], [`decoded history of ${info.workflowId}`, histories.at(-1) as string], [`listing of ${info.workflowId}`, textOf(info.raw)]);
  }
  found.push(["Temporal's database", ['', '-wal'].map((end) => readFileSync(join(servers, `temporal.db${end}`), 'latin1')).join('')]);

  // the secrets were repeated, and what repeated them came through
  expect(model.refused()).toBe(MODEL_REFUSALS);
  expect(store.refused()).toBe(STORE_REFUSALS);
  expect(readdirSync(dir).filter((name) => name.startsWith('died'))).toHaveLength(4);
  const told = (texts: readonly string[]) => ['invalid x-api-key: ***', 'signed with ***', 'starting with ***', 'asked with ***'].filter((words) => texts.some((text) => text.includes(words)));
  expect(told(histories)).toEqual(['invalid x-api-key: ***', 'signed with ***', 'starting with ***', 'asked with ***']);
  expect(told(found.flatMap(([where, text]) => (where.startsWith('object responses/') ? [text] : [])))).toEqual(['asked with ***']);
  expect(told(outputs.map(([, { stdout }]) => stdout))).toEqual(expect.arrayContaining(['invalid x-api-key: ***', 'asked with ***']));

  for (const [kind, secret] of Object.entries(secrets)) {
    for (const spelling of spellings(secret)) expect(found.filter(([, text]) => text.includes(spelling)).map(([where]) => `${kind} secret in ${where}`)).toEqual([]);
  }
});
