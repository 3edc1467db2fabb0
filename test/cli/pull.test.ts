import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pull } from '../../activities/shards/pull.ts';
import { folderSource, listFolder } from '../../activities/shards/verify-source.ts';
import { verify } from '../../activities/shards/verify.ts';
import { packageRoot } from '../../infra/package-root.ts';
import { S3Store } from '../../infra/store-s3.ts';
import { NAME, publishedDataset } from '../activities/shards/dataset.ts';
import { startStoreGate, type StoreGate, type StoreRequest } from '../durability/store-gate.ts';
import { until } from '../durability/until.ts';
import { bucketOf } from '../harness/engine.ts';
import { exemplar } from './exemplar.ts';

const BUCKET = 'pull-faults';
const FOLDER = mkdtempSync(join(tmpdir(), 'exemplar-pulls-'));
const MAIN = join(packageRoot, 'bin', 'exemplar.js');
const isFile = ({ method, key }: StoreRequest) => method === 'GET' && key.endsWith('.arrow');

let gate: StoreGate;
let files: number;
let env: Record<string, string>;
beforeAll(async () => {
  const store = await bucketOf(BUCKET);
  const { store: made, manifest } = await publishedDataset();
  for (const [key, bytes] of made.objects) await store.put(key, bytes);
  files = manifest.pages.flatMap((page) => page.files).length;
  const { s3Endpoint, accessKeyId, secretAccessKey } = inject('services');
  gate = await startStoreGate(() => s3Endpoint);
  env = { AWS_ENDPOINT_URL: gate.url, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, EXEMPLAR_BUCKET: BUCKET };
});
afterAll(() => gate.close());

function throughGate(): S3Store {
  const { accessKeyId, secretAccessKey } = inject('services');
  return new S3Store({ bucket: BUCKET, endpoint: gate.url, credentials: { accessKeyId, secretAccessKey }, idleMs: 300 });
}

/** Ids of calls for files from now on; the SDK may try one several times. */
function asked(): ReadonlySet<string> {
  const calls = new Set<string>();
  gate.hold('before', (request) => {
    if (isFile(request)) calls.add(request.invocation);
    return false;
  });
  return calls;
}

describe('pull, killed', () => {
  it.each([1, 9])('while it waits for file %i, goes on where it was, and fetches only what is missing', async (nth) => {
    const dir = join(FOLDER, `killed-${nth}`);
    let seen = 0;
    const held = gate.hold('after', (request) => isFile(request) && ++seen === nth);
    const child = spawn(process.execPath, [MAIN, 'pull', NAME, dir], { cwd: FOLDER, env: { PATH: process.env['PATH'], HOME: FOLDER, ...env }, stdio: 'ignore' });
    await held.reached;
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    held.release();
    await until(async () => (await gate.connections()) === 0, 'the connections of the killed process are gone');
    const left = await listFolder(dir);
    expect(left).not.toContain('manifest.json');
    const whole = left.filter((name) => name.endsWith('.arrow')).length;

    const again = asked();
    const { code, stdout, stderr } = await exemplar(['pull', NAME, dir, '--json'], { cwd: FOLDER, env });
    expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({ code: 0, files, kept: whole });
    // a pull says each time that it asks once more
    const onceMore = stderr.match(/; attempt \d of 5 in/g)?.length ?? 0;
    expect(again.size - onceMore).toBe(files - whole);
    expect((await listFolder(dir)).filter((name) => name.endsWith('.part') || name.startsWith('.'))).toEqual([]);
    expect((await verify(folderSource(dir))).faults).toEqual([]);
  }, 60_000);
});

describe('pull from a store in trouble', () => {
  it.each(['error', 'slowDown', 'reset', 'short', 'stall'] as const)('asks again (%s)', async (fault) => {
    const dir = join(FOLDER, fault);
    gate.disturb(fault, isFile);
    const lines: string[] = [];
    const say = (line: string) => {
      lines.push(line);
      gate.disturb(null);
    };
    try {
      expect(await pull(throughGate(), NAME, dir, { pauseMs: 1, say })).toMatchObject({ files, kept: 0 });
    } finally {
      gate.disturb(null);
    }
    expect(lines[0]).toMatch(/^\w+\/\S+\.arrow: .+; attempt 2 of 5 in 0.001 s$/);
    expect((await verify(folderSource(dir))).faults).toEqual([]);
  });

  it('gives up in one line, keeps what it has, and names credentials that are refused', async () => {
    const dir = join(FOLDER, 'gives-up');
    const { code, stderr, stdout } = await exemplar(['pull', NAME, dir, '--json'], { cwd: FOLDER, env: { ...env, AWS_SECRET_ACCESS_KEY: 'wrong' } });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^exemplar: S3: s3:\/\/pull-faults at \S+ refuses the credentials \(HTTP 403\): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY\n$/) as string });
    expect(JSON.parse(stdout)).toHaveProperty('error.exitCode', 1);
    gate.disturb('error', (request) => isFile(request) && request.key.includes('/ledger/'));
    try {
      await expect(pull(throughGate(), NAME, dir, { pauseMs: 1 })).rejects.toThrow(/InternalError.*ledger/);
    } finally {
      gate.disturb(null);
    }
    const kept = (await listFolder(dir)).filter((name) => name.endsWith('.arrow'));
    expect(kept.length).toBeGreaterThan(0);
    expect(await pull(throughGate(), NAME, dir)).toMatchObject({ kept: kept.length });
  });
});

describe('pull --follow', () => {
  it('ends at Ctrl-C with what it has, and the same command goes on', async () => {
    const dir = join(FOLDER, 'followed');
    for (const kept of [0, files]) {
      const child = spawn(process.execPath, [MAIN, 'pull', NAME, dir, '--follow', '--json'], { cwd: FOLDER, env: { PATH: process.env['PATH'], HOME: FOLDER, ...env } });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      const ended = new Promise((resolve) => child.once('close', resolve));
      const told = `generation 1 of ${NAME}, ${files} files (${kept} were there)`;
      await until(() => stderr.includes(told), told);
      child.kill('SIGINT');
      expect({ code: await ended, ...(JSON.parse(stdout) as object) }).toMatchObject({ code: 0, name: NAME, dir, generation: 1, generations: 1, files, done: false });
      expect((await verify(folderSource(dir))).faults).toEqual([]);
    }
  }, 60_000);
});

/** A file system of 24 KiB in a namespace of its own: a disk that is full for real. */
const small = (command: string) => spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', `mkdir -p small && mount -t tmpfs -o size=24k tmpfs small && ${command}`], { cwd: FOLDER, env: { PATH: process.env['PATH'], HOME: FOLDER }, encoding: 'utf8' });
const canMount = small('true').status === 0;

describe('pull onto a disk', () => {
  it.skipIf(!canMount)('that is full says so in one line, and leaves no half of a file (needs user namespaces)', async () => {
    const variables = Object.entries(env).map(([name, value]) => `${name}='${value}'`).join(' ');
    const script = `{ ${variables} '${process.execPath}' '${MAIN}' pull ${NAME} small/out; echo "exit $?"; find small -name '*.part'; ls small/out; }`;
    const child = spawn('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', `mkdir -p small && mount -t tmpfs -o size=24k tmpfs small && ${script} 2>&1`], { cwd: FOLDER, env: { PATH: process.env['PATH'], HOME: FOLDER } });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await new Promise((resolve) => child.once('close', resolve));
    expect(output).toMatch(/exemplar: DIR: no space left for \S+ \(\d+ bytes\): make room and pull again, what is there stays\nexit 1\n/);
    expect(output).not.toContain('.part');
    expect(output).not.toContain('manifest.json');
  });
});

describe('pull, asked for what cannot be', () => {
  it('names what is allowed', async () => {
    const run = async (...args: string[]) => (({ code, stderr }) => ({ code, stderr }))(await exemplar(args, { cwd: FOLDER, env }));
    expect(await run('pull', NAME, 'x', '--follow', '--generation', '1')).toEqual({ code: 2, stderr: 'exemplar: --generation: not with --follow, which takes the last one\n' });
    expect(await run('pull', NAME, 'x', '--generation', '9')).toMatchObject({ code: 2, stderr: expect.stringMatching(/^exemplar: campaign "hand-made" has no generation 9 in s3:/) as string });
  });
});
