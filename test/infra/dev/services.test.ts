import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { choosePorts } from '../../../infra/dev/ports.ts';
import { markedProcesses } from '../../../infra/dev/process-table.ts';
import { down, readState, serviceStatus, startProcess, stopProcess, up, type DevServices, type ServiceName } from '../../../infra/dev/services.ts';
import { readStateFile, updateState } from '../../../infra/dev/state.ts';
import { temporalBinary, temporalService } from '../../../infra/dev/temporal.ts';
import { S3Store } from '../../../infra/store-s3.ts';
import { ensureSearchAttributes } from '../../../infra/temporal.ts';
import { SEARCH } from '../../../workflows/search-attributes.ts';
import { temporaryFolder } from './temporary-folder.ts';

const SERVERS: ServiceName[] = ['temporal', 's3'];
const SEARCH_NAMES = Object.values(SEARCH).map(({ name }) => name);
let dir: string;

beforeEach(async () => {
  dir = temporaryFolder();
  // wished for before the usual ones, which other tests' services may take between a stop and a start
  const [temporal, s3] = [await choosePorts({ grpc: [], ui: [] }), await choosePorts({ s3: [] })];
  updateState(dir, (file) => Object.assign(file.ports, { temporal, s3 }));
  onTestFinished(async () => await down({ dir }));
});

const pidOf = (name: ServiceName) => serviceStatus(dir).find((service) => service.name === name)?.pid as number;
const alive = () => serviceStatus(dir).map(({ name, alive }) => [name, alive]);
const storeOf = ({ bucket, s3Endpoint, accessKeyId, secretAccessKey }: DevServices) =>
  new S3Store({ bucket, endpoint: s3Endpoint, credentials: { accessKeyId, secretAccessKey } });

async function clientOf({ temporalAddress: address }: DevServices): Promise<Client> {
  const connection = await Connection.connect({ address });
  onTestFinished(async () => await connection.close());
  return new Client({ connection });
}

test('the servers come up with all that clients count on', async () => {
  const services = await up({ dir, only: SERVERS });
  const client = await clientOf(services);
  const { config } = await client.workflowService.describeNamespace({ namespace: 'default' });
  expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 86_400);

  const registered = async () => Object.keys((await client.connection.operatorService.listSearchAttributes({ namespace: 'default' })).customAttributes ?? {});
  expect(await registered()).toEqual(expect.arrayContaining(SEARCH_NAMES));
  const before = (await registered()).length;
  await ensureSearchAttributes(client);
  expect(await registered()).toHaveLength(before);

  const store = storeOf(services);
  expect(await store.putIfAbsent('a/b', 'first')).toBe(true);
  expect(await store.putIfAbsent('a/b', 'second')).toBe(false);
  expect(Buffer.from((await store.get('a/b')) as Uint8Array).toString()).toBe('first');
  expect((await fetch(services.uiUrl)).status).toBe(200);

  expect(statSync(join(dir, 'credentials.json')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(dir, 'services.json'), 'utf8')).not.toContain(services.secretAccessKey);
  expect(readFileSync(`/proc/${pidOf('s3')}/cmdline`, 'utf8')).not.toContain(services.secretAccessKey);
  expect(readState(dir)?.services).toEqual(services);
});

test('a database made without search attributes gets them', async () => {
  const bare = temporalService(await temporalBinary(), dir).on(await choosePorts({ grpc: [], ui: [] }));
  const [program, ...args] = bare.command.filter((word, i, words) => ![word, words[i - 1]].includes('--search-attribute')) as [string, ...string[]];
  const running = await startProcess({ mark: `${dir}:temporal`, command: [program, ...args], env: process.env, cwd: dir, log: join(dir, 'bare.log') });
  await vi.waitFor(async () => expect(await bare.ready(running.pid)).toBe(true), { timeout: 20_000 });
  await stopProcess(running, 10_000);

  const client = await clientOf(await up({ dir, only: ['temporal'] }));
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace: 'default' });
  expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(SEARCH_NAMES));
});

test('after kill -9 of one server the next up adopts the living, restarts the dead at its address, and loses nothing', async () => {
  const services = await up({ dir, only: SERVERS });
  await (await clientOf(services)).workflow.start('waits', { taskQueue: 'none', workflowId: 'kept' });
  const [temporal, s3] = [pidOf('temporal'), pidOf('s3')];
  process.kill(temporal, 'SIGKILL');
  await vi.waitFor(() => expect(alive()).toEqual([['temporal', false], ['s3', true]]));

  expect(await up({ dir, only: SERVERS })).toEqual(services);
  expect(pidOf('s3')).toBe(s3);
  expect(pidOf('temporal')).not.toBe(temporal);
  const kept = await (await clientOf(services)).workflow.getHandle('kept').describe();
  expect(kept.status.name).toBe('RUNNING');
});

test('down leaves no process, keeps the data, and the next up finds both at the same addresses', async () => {
  const services = await up({ dir, only: SERVERS });
  await storeOf(services).putIfAbsent('kept', 'yes');
  const pids = SERVERS.map(pidOf);
  const said: string[] = [];
  await down({ dir, say: (line) => said.push(line) });
  expect(said).toEqual([`stopped temporal (pid ${pids[0]})`, `stopped s3 (pid ${pids[1]})`]);
  for (const name of SERVERS) expect(markedProcesses(`${dir}:${name}`)).toEqual([]);
  expect(readState(dir)).toBeNull();
  await down({ dir, say: (line) => said.push(line) });
  expect(said.at(-1)).toBe('nothing was running');

  const again = await up({ dir, only: ['s3'] });
  expect(again.s3Endpoint).toBe(services.s3Endpoint);
  expect(await storeOf(again).get('kept')).not.toBeNull();
});

test('taken ports are left alone and others chosen', async () => {
  const { s3Endpoint } = await up({ dir, only: ['s3'] });
  await down({ dir });
  const port = Number(new URL(s3Endpoint).port);
  const rival = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => void rival.close());
  const moved = await up({ dir, only: ['s3'] });
  expect(Number(new URL(moved.s3Endpoint).port)).not.toBe(port);
  expect(await storeOf(moved).putIfAbsent('x', 'y')).toBe(true);
});

test('two at once start each server once', async () => {
  const said: string[] = [];
  const say = (line: string) => said.push(line);
  const [one, two] = await Promise.all([up({ dir, only: SERVERS, say }), up({ dir, only: SERVERS, say })]);
  expect(two).toEqual(one);
  expect(said.filter((line) => line.startsWith('started '))).toHaveLength(2);
  expect(said).toEqual(expect.arrayContaining(SERVERS.map((name) => `${name} runs (pid ${pidOf(name)})`)));
  for (const name of SERVERS) expect(markedProcesses(`${dir}:${name}`)).toEqual([pidOf(name)]);
});

test('what a killed up started but did not write down is cleaned before the start', async () => {
  await up({ dir, only: ['s3'] });
  const lost = pidOf('s3');
  rmSync(join(dir, 'services.json'));
  const said: string[] = [];
  await up({ dir, only: ['s3'], say: (line) => said.push(line) });
  expect(said[0]).toBe('cleaned 1 process that an earlier s3 left');
  expect(markedProcesses(`${dir}:s3`)).toEqual([pidOf('s3')]);
  expect(pidOf('s3')).not.toBe(lost);
});

test('a state file of a dead run whose pids others have now harms nobody', async () => {
  const bystander = { pid: process.pid, start: '1', spec: '', log: '', address: '' };
  const { ports } = readStateFile(dir);
  writeFileSync(join(dir, 'services.json'), JSON.stringify({ schema: 1, processes: { s3: bystander }, ports, addresses: {} }));
  expect(alive()).toEqual([['s3', false]]);
  await up({ dir, only: ['s3'] });
  expect(alive()).toEqual([['s3', true]]);
  expect(pidOf('s3')).not.toBe(process.pid);
});

test('services that the user’s environment names are used and not started', async () => {
  const env = { TEMPORAL_ADDRESS: 'temporal.example:7233', ANTHROPIC_API_KEY: 'key' };
  const services = await up({ dir, only: ['temporal', 's3', 'sim-model'], env });
  expect(services).toMatchObject({ temporalAddress: 'temporal.example:7233', uiUrl: '' });
  expect(services).not.toHaveProperty('simModelUrl');
  expect(alive()).toEqual([['s3', true]]);
});
