import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { findTool, type Tool } from '../../../infra/dev/binaries.ts';
import { temporaryFolder } from './temporary-folder.ts';

const RUNS = '#!/bin/sh\necho 1.0\n';
const BROKEN = '#!/bin/sh\nexit 1\n';

let home: string;
let env: NodeJS.ProcessEnv;
const cached = () => join(home, 'cache', 'exemplar', 'bin', 'gadget');

beforeEach(() => {
  home = temporaryFolder();
  // `go` below stands before any other on PATH; nothing of this machine's own Go folders is seen
  env = { PATH: `${join(home, 'path')}:/usr/bin:/bin`, HOME: home, XDG_CACHE_HOME: join(home, 'cache') };
  program('path/go', 'case "$1" in env) printf "\\n%s\\n" "$HOME/gopath";; install) echo "$2: no such module" >&2; exit 1;; esac');
});

function program(path: string, script: string): string {
  const file = join(home, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, script.startsWith('#!') ? script : `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

function tool(release: string | null = null): Tool {
  return { name: 'gadget', title: 'the gadget', version: 'v1.0.0', release: () => release, goPackage: 'example.org/gadget', buildTime: '1 min', help: 'https://example.org' };
}

/** Serves a release archive whose only file is `gadget`, in a folder of its own as releases have it. */
async function releaseServer(script: string): Promise<string> {
  program('release/gadget_v1/gadget', script);
  const archive = execFileSync('tar', ['-czf', '-', '-C', join(home, 'release'), 'gadget_v1']);
  const server = createServer((request, response) => response.writeHead(request.url === '/gadget.tar.gz' ? 200 : 404).end(archive));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a binary is looked for on PATH, then in the cache, then among the binaries of Go', async () => {
  const inGo = program('gopath/bin/gadget', RUNS);
  expect(await findTool(tool(), { env })).toBe(inGo);
  program('cache/exemplar/bin/gadget', RUNS);
  expect(await findTool(tool(), { env })).toBe(cached());
  const onPath = program('path/gadget', RUNS);
  expect(await findTool(tool(), { env })).toBe(onPath);
});

test('a binary that does not run is passed over', async () => {
  program('path/gadget', BROKEN);
  const inGo = program('gopath/bin/gadget', RUNS);
  expect(await findTool(tool(), { env })).toBe(inGo);
});

test('a release is downloaded once and kept', async () => {
  const said: string[] = [];
  const origin = await releaseServer(RUNS);
  expect(await findTool(tool(`${origin}/gadget.tar.gz`), { env, say: (line) => said.push(line) })).toBe(cached());
  expect(readFileSync(cached(), 'utf8')).toBe(RUNS);
  expect(await findTool(tool(`${origin}/gadget.tar.gz`), { env, say: (line) => said.push(line) })).toBe(cached());
  expect(said).toEqual(['downloading the gadget v1.0.0 (once, usually under 1 min)']);
});

test('where no release answers it is built, and the wait is announced', async () => {
  program('path/go', `case "$1" in env) printf "\\n%s\\n" "$HOME/gopath";; install) echo "$2" > "$HOME/asked"; printf '#!/bin/sh\\n' > "$GOBIN/gadget"; chmod +x "$GOBIN/gadget";; esac`);
  const said: string[] = [];
  const origin = await releaseServer(RUNS);
  expect(await findTool(tool(`${origin}/missing.tar.gz`), { env, say: (line) => said.push(line) })).toBe(cached());
  expect(readFileSync(join(home, 'asked'), 'utf8')).toBe('example.org/gadget@v1.0.0\n');
  expect(said.at(-1)).toBe('building the gadget v1.0.0 from source (once, usually 1 min)');
});

test('a downloaded binary that does not run here is not kept', async () => {
  const origin = await releaseServer(BROKEN);
  await expect(findTool(tool(`${origin}/gadget.tar.gz`), { env })).rejects.toThrow(/does not run here.*build:/);
  expect(existsSync(cached())).toBe(false);
});

test('when every way fails one line says why and what to do', async () => {
  const failure = await findTool(tool('http://127.0.0.1:9/gadget.tar.gz'), { env }).then(() => '', (error: Error) => error.message);
  expect(failure.split('\n')).toHaveLength(1);
  expect(failure).toMatch(/^cannot get the gadget: not on PATH; download: 127\.0\.0\.1:9: .*; build: .*no such module/);
  expect(failure).toContain('https://example.org');
});

test('two at once build it once', async () => {
  program('path/go', `case "$1" in env) printf "\\n%s\\n" "$HOME/gopath";; install) echo built >> "$HOME/asked"; printf '#!/bin/sh\\n' > "$GOBIN/gadget"; chmod +x "$GOBIN/gadget";; esac`);
  expect(await Promise.all([findTool(tool(), { env }), findTool(tool(), { env })])).toEqual([cached(), cached()]);
  expect(readFileSync(join(home, 'asked'), 'utf8')).toBe('built\n');
});
