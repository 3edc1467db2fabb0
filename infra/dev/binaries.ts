import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from './cache.ts';
import { downloadRelease } from './download.ts';
import { withLock } from './lock.ts';
import { runStep, type Say } from './steps.ts';

const run = promisify(execFile);
const VERSION_MS = 20_000;
const BUILD_MS = 30 * 60_000;

/** A server that comes as one binary, and the ways to get it. */
export interface Tool {
  name: string;
  /** How people call it. */
  title: string;
  version: string;
  /** URL of the release's .tar.gz for this platform; null where there is none. */
  release(platform: NodeJS.Platform, arch: string): string | null;
  /** Built by `go install <goPackage>@<version>`. */
  goPackage: string;
  /** Usual duration, such as "3 min". */
  buildTime: string;
  /** Page that says how to install it by hand. */
  help: string;
}

export interface ToolSearch {
  say?: Say | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}

/**
 * Path of a binary that runs: on PATH, in the cache, among Go's binaries; else its release is downloaded, else it is built from
 * source, once, into the cache. @throws Error with one line that says why each way failed.
 */
export async function findTool(tool: Tool, { say = () => {}, env = process.env }: ToolSearch = {}): Promise<string> {
  const known = await existing(tool, env);
  if (known !== null) return known;
  const cache = cacheDir(env);
  const waiting = (pid: number) => say(`process ${pid} is getting ${tool.title}; waiting for it`);
  return await withLock(join(cache, `${tool.name}.lock`), waiting, async () => (await existing(tool, env)) ?? (await fetched(tool, say, env)));
}

async function existing(tool: Tool, env: NodeJS.ProcessEnv): Promise<string | null> {
  const onPath = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return (await runningIn([...onPath, join(cacheDir(env), 'bin')], tool)) ?? (await runningIn(await goBinaries(env), tool));
}

async function runningIn(folders: string[], tool: Tool): Promise<string | null> {
  for (const folder of folders) {
    const path = join(folder, tool.name);
    if (existsSync(path) && (await runs(path))) return path;
  }
  return null;
}

async function fetched(tool: Tool, say: Say, env: NodeJS.ProcessEnv): Promise<string> {
  const bin = join(cacheDir(env), 'bin');
  mkdirSync(bin, { recursive: true });
  const failures: string[] = [];
  for (const way of [downloaded, built]) {
    try {
      const path = await way(tool, bin, say, env);
      if (!(await runs(path))) throw new Error(`${path} --version fails`);
      return path;
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  throw new Error(`cannot get ${tool.title}: not on PATH; download: ${failures[0]}; build: ${failures[1]}. Install it by hand (${tool.help}) or put \`${tool.name}\` into ${bin}`);
}

async function downloaded(tool: Tool, bin: string, say: Say): Promise<string> {
  const url = tool.release(process.platform, process.arch);
  if (url === null) throw new Error(`no release for ${process.platform}/${process.arch}`);
  say(`downloading ${tool.title} ${tool.version} (once, usually under 1 min)`);
  const folder = mkdtempSync(join(bin, '.download-'));
  try {
    const file = await downloadRelease(url, tool.name, folder);
    chmodSync(file, 0o755);
    if (!(await runs(file))) throw new Error(`${url}: the binary does not run here`);
    renameSync(file, join(bin, tool.name));
    return join(bin, tool.name);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function built(tool: Tool, bin: string, say: Say, env: NodeJS.ProcessEnv): Promise<string> {
  const go = await goCommand(env);
  if (go === null) throw new Error('Go is not installed');
  say(`building ${tool.title} ${tool.version} from source (once, usually ${tool.buildTime})`);
  await runStep({
    command: [go, 'install', `${tool.goPackage}@${tool.version}`],
    env: { ...env, GOBIN: bin },
    doing: `building ${tool.title}`,
    say,
    limitMs: BUILD_MS,
  });
  return join(bin, tool.name);
}

async function runs(path: string): Promise<boolean> {
  return await run(path, ['--version'], { timeout: VERSION_MS }).then(() => true, () => false);
}

async function goCommand(env: NodeJS.ProcessEnv): Promise<string | null> {
  for (const go of ['go', '/usr/local/go/bin/go']) {
    if (await run(go, ['version'], { env }).then(() => true, () => false)) return go;
  }
  return null;
}

/** Where `go install` puts binaries: GOBIN, else bin/ in each folder of GOPATH. */
async function goBinaries(env: NodeJS.ProcessEnv): Promise<string[]> {
  const go = await goCommand(env);
  const [bin = '', path = ''] = go === null ? [] : (await run(go, ['env', 'GOBIN', 'GOPATH'], { env })).stdout.split('\n');
  const paths = path === '' ? [join(env['HOME'] ?? homedir(), 'go')] : path.split(delimiter);
  return bin === '' ? paths.map((folder) => join(folder, 'bin')) : [bin];
}
