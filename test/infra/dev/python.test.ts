import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { ensurePython } from '../../../infra/dev/python.ts';
import { temporaryFolder } from './temporary-folder.ts';

// uv itself comes from PATH or the real cache; packages from an index that each test serves
let root: string;
let said: string[];
const say = (line: string) => void said.push(line);

beforeEach(() => {
  root = temporaryFolder();
  mkdirSync(join(root, 'trainer'));
  said = [];
});

interface Wheel {
  name: string;
  version: string;
  file: string;
  bytes: Buffer;
  /** Its entry in a lock file. */
  entry: string;
}

/** A package whose module says its version. */
function wheel(name: string, version: string): Wheel {
  const file = `${name}-${version}-py3-none-any.whl`;
  const info = `${name}-${version}.dist-info`;
  const members = {
    [`${name}.py`]: `version = "${version}"\n`,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/RECORD`]: `${name}.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n${info}/RECORD,,\n`,
  };
  const zip = 'import json,sys,zipfile\nwith zipfile.ZipFile(sys.argv[1], "w") as z:\n for n, t in json.loads(sys.argv[2]).items(): z.writestr(n, t)';
  execFileSync('python3', ['-c', zip, join(root, file), JSON.stringify(members)]);
  const bytes = readFileSync(join(root, file));
  return { name, version, file, bytes, entry: `${name}==${version} \\\n    --hash=sha256:${createHash('sha256').update(bytes).digest('hex')}\n` };
}

/** A package index over HTTP; `asked` are the paths it was asked for. */
async function index(wheels: Wheel[]): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    asked.push(path);
    const offered = wheels.filter(({ name }) => path === `/simple/${name}/`);
    const file = wheels.find((each) => path === `/files/${each.file}`);
    if (file !== undefined) response.end(file.bytes);
    else if (offered.length === 0) response.writeHead(404).end();
    else response.setHeader('content-type', 'text/html').end(offered.map((each) => `<a href="/files/${encodeURIComponent(each.file)}">${each.file}</a>`).join('\n'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`, asked };
}

const lock = (name: string, ...wheels: Wheel[]) => writeFileSync(join(root, 'trainer', name), wheels.map(({ entry }) => entry).join(''));
const environment = (url: string): NodeJS.ProcessEnv => ({ ...process.env, UV_DEFAULT_INDEX: url, UV_NO_CACHE: '1' });
const imported = (python: string, module: string) => execFileSync(python, ['-c', `import ${module}; print(${module}.version)`], { encoding: 'utf8', stdio: 'pipe' }).trim();
/** A machine with a GPU gets torch for it. */
const wantsCpuTorch = process.platform === 'linux' && !existsSync('/dev/nvidiactl');
const NOWHERE = 'http://127.0.0.1:9';

test('packages are installed once, and again when the lock changes', async () => {
  const [old, recent] = [wheel('gadget', '1.0'), wheel('gadget', '1.1')];
  const { url, asked } = await index([old, recent]);
  lock('requirements.txt', old);
  const ensure = async () => await ensurePython({ projectRoot: root, say, env: environment(url), cpuIndex: NOWHERE });
  const python = await ensure();
  expect(python).toBe(join(root, '.venv', 'bin', 'python'));
  expect(imported(python, 'gadget')).toBe('1.0');

  asked.length = 0;
  said = [];
  await ensure();
  expect([asked, said]).toEqual([[], []]);

  lock('requirements.txt', recent);
  await ensure();
  expect(imported(python, 'gadget')).toBe('1.1');
});

test('the packages of the tests come on top, and hold for the trainer too', async () => {
  const [gadget, checker] = [wheel('gadget', '1.0'), wheel('checker', '2.0')];
  const { url } = await index([gadget, checker]);
  lock('requirements.txt', gadget);
  lock('requirements-test.txt', gadget, checker);
  const ensure = async (groups: 'train' | 'test') => await ensurePython({ projectRoot: root, say, groups, env: environment(url), cpuIndex: NOWHERE });
  const python = await ensure('train');
  expect(() => imported(python, 'checker')).toThrow();
  await ensure('test');
  expect(imported(python, 'checker')).toBe('2.0');
  said = [];
  await ensure('train');
  expect(said).toEqual([]);
});

test('the narrow AIs have an environment of their own', async () => {
  const [gadget, solver] = [wheel('gadget', '1.0'), wheel('solver', '3.0')];
  const { url } = await index([gadget, solver]);
  lock('requirements.txt', gadget);
  mkdirSync(join(root, 'narrow'));
  writeFileSync(join(root, 'narrow', 'requirements.txt'), solver.entry);
  const ensure = async (groups: 'train' | 'narrow') => await ensurePython({ projectRoot: root, say, groups, env: environment(url), cpuIndex: NOWHERE });
  const python = await ensure('narrow');
  expect(python).toBe(join(root, '.venv-narrow', 'bin', 'python'));
  expect(imported(python, 'solver')).toBe('3.0');
  expect(() => imported(python, 'gadget')).toThrow();
  await ensure('train');
  said = [];
  await ensure('narrow');
  expect(said).toEqual([]);
});

test('a file whose hash the lock does not name is refused', async () => {
  const gadget = wheel('gadget', '1.0');
  const { url } = await index([{ ...gadget, bytes: wheel('gadget', '1.0.1').bytes }]);
  lock('requirements.txt', gadget);
  const failure = await ensurePython({ projectRoot: root, say, env: environment(url), cpuIndex: NOWHERE }).then(() => null, (error: Error) => error);
  expect(failure?.message).toMatch(/^\S*uv pip ended with \d+: .*Hash mismatch.*$/);
});

test('an environment whose interpreter is gone is made again', async () => {
  const gadget = wheel('gadget', '1.0');
  const { url } = await index([gadget]);
  lock('requirements.txt', gadget);
  const ensure = async () => await ensurePython({ projectRoot: root, say, env: environment(url), cpuIndex: NOWHERE });
  rmSync(await ensure());
  expect(imported(await ensure(), 'gadget')).toBe('1.0');
});

test.runIf(wantsCpuTorch)('torch comes as its CPU build where that index answers, without what CUDA needs', async () => {
  const [torch, cuda, gadget] = [wheel('torch', '2.15.0'), wheel('nvidia_cublas', '13.0'), wheel('gadget', '1.0')];
  const packages = await index([torch, gadget]);
  const builds = await index([wheel('torch', '2.15.0+cpu')]);
  writeFileSync(join(root, 'trainer', 'requirements.txt'), gadget.entry + cuda.entry.replace('nvidia_cublas', 'nvidia-cublas') + torch.entry);
  const python = await ensurePython({ projectRoot: root, say, env: environment(packages.url), cpuIndex: builds.url });
  expect(imported(python, 'torch')).toBe('2.15.0+cpu');
  expect(imported(python, 'gadget')).toBe('1.0');
  expect(packages.asked.filter((path) => /torch|nvidia/.test(path))).toEqual([]);
});

test.runIf(wantsCpuTorch)('where the CPU index has no such build the locked torch is installed', async () => {
  const torch = wheel('torch', '2.15.0');
  const packages = await index([torch]);
  const builds = await index([wheel('torch', '2.14.0+cpu')]);
  lock('requirements.txt', torch);
  const python = await ensurePython({ projectRoot: root, say, env: environment(packages.url), cpuIndex: builds.url });
  expect(imported(python, 'torch')).toBe('2.15.0');
  expect(said.some((line) => line.includes('not from 127.0.0.1'))).toBe(true);
});
