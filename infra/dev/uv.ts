import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from './cache.ts';
import { withLock } from './lock.ts';
import { runStep, type Say } from './steps.ts';

const run = promisify(execFile);

/** `uv`, Python's package installer: on PATH, else in the cache, where pip puts it once. @throws Error with one line. */
export async function findUv(say: Say, env: NodeJS.ProcessEnv): Promise<string> {
  if (await runs('uv', env)) return 'uv';
  const home = join(cacheDir(env), 'uv-venv');
  const uv = join(home, 'bin', 'uv');
  if (await runs(uv, env)) return uv;
  return await withLock(`${home}.lock`, (pid) => say(`process ${pid} is installing uv; waiting for it`), async () => {
    if (await runs(uv, env)) return uv;
    say('installing uv, the Python package installer (once, usually 15 s)');
    try {
      await runStep({ command: ['python3', '-m', 'venv', '--clear', home], env, doing: 'making a Python environment', say, limitMs: 120_000 });
      await runStep({ command: [join(home, 'bin', 'python'), '-m', 'pip', 'install', '--quiet', 'uv'], env, doing: 'installing uv', say, limitMs: 600_000 });
    } catch (cause) {
      throw new Error(`no uv: ${(cause as Error).message}. Install it by hand (https://docs.astral.sh/uv) so that it is on PATH`, { cause });
    }
    return uv;
  });
}

/** Whether a command answers `--version`. */
export async function runs(command: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (command.includes('/') && !existsSync(command)) return false;
  return await run(command, ['--version'], { env, timeout: 20_000 }).then(() => true, () => false);
}
