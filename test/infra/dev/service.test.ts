import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { bringDown, bringUp, type Bringing, type ServiceKind } from '../../../infra/dev/service.ts';
import { simModelService } from '../../../infra/dev/sim-model.ts';
import { choosePorts, type Ports } from '../../../infra/dev/ports.ts';
import { readStateFile, type ServiceName } from '../../../infra/dev/state.ts';
import { workerService } from '../../../infra/dev/workers.ts';
import { temporaryFolder } from './temporary-folder.ts';

const NODE = process.execPath;
/** Speaks as much of the simulated model's protocol as readiness asks for. */
const MODEL = `
const port = process.argv[process.argv.indexOf('--port') + 1];
require('node:http').createServer((request, response) => {
  const known = request.url === '/v1/models' && request.headers['x-api-key'] === 'sim';
  response.writeHead(known ? 200 : 401, { 'x-exemplar-simulated': 'law' }).end('{}');
}).listen(port, '127.0.0.1');`;
const POLLS = `require('node:fs').writeFileSync(process.env.EXEMPLAR_DIR + '/worker.ready', process.pid + '\\n'); setInterval(() => {}, 1000);`;

let dir: string;
/** Usual ports of this test's own: between a stop and a start no other test takes them. */
let usualPorts: Ports;
let said: string[];
let bringing: Bringing;

beforeEach(async () => {
  dir = temporaryFolder();
  usualPorts = await choosePorts({ http: [] });
  said = [];
  bringing = { dir, say: (line) => said.push(line), baseEnv: { PATH: process.env['PATH'] } };
  onTestFinished(async () => {
    for (const name of ['sim-model', 'worker'] as const) await bringDown(name, dir, () => {});
  });
});

const pid = (name: ServiceName) => readStateFile(dir).processes[name]?.pid;
const model = (law?: string): ServiceKind => ({ ...simModelService(dir, law, [NODE, '-e', MODEL, '--']), usualPorts });
const worker = (script: string, env: Record<string, string> = {}) => workerService(dir, { EXEMPLAR_DIR: dir, ...env }, [NODE, '-e', script]);
const shortly = (kind: ServiceKind): ServiceKind => ({ ...kind, startMs: 400 });

test('a healthy service is adopted on its own port', async () => {
  const ports = await bringUp(model(), bringing);
  const first = pid('sim-model');
  expect(await bringUp(model(), bringing)).toEqual(ports);
  expect(pid('sim-model')).toBe(first);
  expect(said.at(-1)).toBe(`sim-model runs (pid ${first})`);
});

test('a changed law file restarts the simulated model where it was', async () => {
  const law = join(dir, 'law.yaml');
  writeFileSync(law, 'detect: 1\n');
  const ports = await bringUp(model(law), bringing);
  const first = pid('sim-model');
  await bringUp(model(law), bringing);
  expect(pid('sim-model')).toBe(first);
  appendFileSync(law, 'break: 0\n');
  expect(await bringUp(model(law), bringing)).toEqual(ports);
  expect(pid('sim-model')).not.toBe(first);
});

test('a worker is ready when the file holds its own pid, not that of an earlier one', async () => {
  writeFileSync(join(dir, 'worker.ready'), '1\n');
  await expect(bringUp(shortly(worker('setInterval(() => {}, 1000)')), bringing)).rejects.toThrow('worker did not get ready within 0.4 s');
  expect(pid('worker')).toBeUndefined();
  await bringUp(worker(POLLS), bringing);
  expect(readFileSync(join(dir, 'worker.ready'), 'utf8')).toBe(`${pid('worker')}\n`);
});

test('a worker is started anew when the services have moved', async () => {
  await bringUp(worker(POLLS, { TEMPORAL_ADDRESS: '127.0.0.1:1' }), bringing);
  const first = pid('worker');
  await bringUp(worker(POLLS, { TEMPORAL_ADDRESS: '127.0.0.1:2' }), bringing);
  expect(pid('worker')).not.toBe(first);
  expect(said).toContain(`worker (pid ${first}) has other settings; starting it anew`);
});

test('a service that ends at start is reported with the end of its log', async () => {
  const failing = worker(`console.error('no such queue'); process.exit(3)`);
  await expect(bringUp(failing, bringing)).rejects.toThrow(/worker ended at start; the end of .*worker\.log:\nno such queue/);
  expect(existsSync(join(dir, 'logs', 'worker.log'))).toBe(true);
});

/** The model, with another program taking its first port in the moment between choice and start. */
function raced(): ServiceKind {
  const kind = model();
  let first = true;
  return {
    ...kind,
    on: (ports) => {
      const service = kind.on(ports);
      if (!first) return service;
      first = false;
      // answers like a healthy model would, so that only the listener's owner tells them apart
      const rival = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\nx-exemplar-simulated: other\r\ncontent-length: 0\r\n\r\n'));
      onTestFinished(() => void rival.close());
      return { ...service, clear: () => void rival.listen(ports['http'], '127.0.0.1') };
    },
  };
}

test('a port that another program takes at the last moment is given up for another', async () => {
  const { http } = await bringUp(raced(), bringing);
  expect(http).not.toBe(usualPorts['http']);
  expect((await fetch(`http://127.0.0.1:${http}/v1/models`, { headers: { 'x-api-key': 'sim' } })).headers.get('x-exemplar-simulated')).toBe('law');
});
