import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pinnedTorch, withoutTorch } from './requirements.ts';
import { runStep, type Say } from './steps.ts';

const INDEX_ANSWER_MS = 3_000;
const CREATE_MS = 5 * 60_000;
const INSTALL_MS = 60 * 60_000;

/** A virtual environment and the uv that fills it. */
export interface PythonEnvironment {
  uv: string;
  venv: string;
  /** Its interpreter. */
  python: string;
  env: NodeJS.ProcessEnv;
  say: Say;
}

/** Makes the environment, in place of one whose interpreter does not run. */
export async function createEnvironment({ uv, venv, env, say }: PythonEnvironment): Promise<void> {
  rmSync(venv, { recursive: true, force: true });
  await runStep({ command: [uv, 'venv', '--quiet', '--python', '>=3.11', venv], env, doing: 'making a Python environment', say, limitMs: CREATE_MS });
}

export interface Locked {
  locks: readonly string[];
  /** Whose packages they are, such as "the trainer's". */
  whose: string;
  /** Package index with torch's CPU builds. */
  cpuIndex: string;
}

/**
 * Installs what the lock files pin, by hash. With torch's CPU build, torch comes from `cpuIndex`, whose files the lock has no
 * hashes of, and all else from the locks less CUDA's packages.
 */
export async function installLocked(environment: PythonEnvironment, { locks, whose, cpuIndex }: Locked): Promise<void> {
  const { say } = environment;
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-locks-'));
  try {
    const onCpu = await cpuTorch(environment, locks, cpuIndex);
    const hasCuda = !onCpu && torchVersion(locks) !== undefined;
    say(`installing ${whose} Python packages (once, ${hasCuda ? '5.6 GB with torch for CUDA, usually 3 min' : 'usually 1 min'})`);
    const chosen = onCpu ? locks.map((lock) => lockWithoutTorch(lock, folder)) : locks;
    await pipInstall(environment, ['--require-hashes', ...chosen.flatMap((lock) => ['-r', lock])], 'installing Python packages');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function torchVersion(locks: readonly string[]): string | undefined {
  return locks.map((lock) => pinnedTorch(readFileSync(lock, 'utf8'))).find((pin) => pin !== null) ?? undefined;
}

/** Whether torch is, or could now be, installed as its CPU build. */
async function cpuTorch(environment: PythonEnvironment, locks: readonly string[], cpuIndex: string): Promise<boolean> {
  const version = torchVersion(locks);
  if (version === undefined) return false;
  const installed = await installedTorch(environment);
  if (installed === `${version}+cpu`) return true;
  // PyPI's torch is the CPU build anyway outside Linux
  if (installed === version || process.platform !== 'linux' || existsSync('/dev/nvidiactl') || !(await answers(cpuIndex))) return false;
  environment.say(`installing torch ${version} for the CPU (once, 200 MB, usually 1 min)`);
  try {
    await pipInstall(environment, ['--no-deps', '--default-index', cpuIndex, `torch==${version}+cpu`], 'installing torch');
    return true;
  } catch (error) {
    environment.say(`  not from ${new URL(cpuIndex).host}: ${(error as Error).message}`);
    return false;
  }
}

async function installedTorch({ python, env, say }: PythonEnvironment): Promise<string> {
  const question = "import importlib.metadata as m\ntry: print(m.version('torch'))\nexcept m.PackageNotFoundError: pass";
  return await runStep({ command: [python, '-c', question], env, doing: 'looking for torch', say, limitMs: CREATE_MS });
}

async function answers(index: string): Promise<boolean> {
  return await fetch(`${index}/torch/`, { method: 'HEAD', signal: AbortSignal.timeout(INDEX_ANSWER_MS) }).then(({ ok }) => ok, () => false);
}

function lockWithoutTorch(lock: string, folder: string): string {
  const path = join(folder, basename(lock));
  writeFileSync(path, withoutTorch(readFileSync(lock, 'utf8')));
  return path;
}

async function pipInstall({ uv, python, env, say }: PythonEnvironment, what: readonly string[], doing: string): Promise<void> {
  await runStep({ command: [uv, 'pip', 'install', '--quiet', '--python', python, ...what], env, doing, say, limitMs: INSTALL_MS });
}
