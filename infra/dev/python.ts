import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sha256Hex } from '../../schemas/canonical.ts';
import { cacheDir } from './cache.ts';
import { withLock } from './lock.ts';
import { createEnvironment, installLocked, type PythonEnvironment } from './python-packages.ts';
import type { Say } from './steps.ts';
import { findUv, runs } from './uv.ts';

const CPU_INDEX = 'https://download.pytorch.org/whl/cpu';

/** `test` has all of `train`, and what the tests need. */
export type PackageGroup = 'train' | 'test';
const LOCKS: Record<PackageGroup, readonly string[]> = { train: ['requirements.txt'], test: ['requirements.txt', 'requirements-test.txt'] };

export interface PythonOptions {
  /** Holds `trainer/requirements*.txt`; gets `.venv`. */
  projectRoot: string;
  say: Say;
  groups?: PackageGroup;
  env?: NodeJS.ProcessEnv;
  /** Package index with torch's CPU builds. */
  cpuIndex?: string;
}

/**
 * Path of the Python in `<projectRoot>/.venv` with every package of the group, installed by hash unless a stamp says that they
 * are there. torch comes as its CPU build where that index answers and there is no NVIDIA GPU. @throws Error with one line.
 */
export async function ensurePython({ projectRoot, say, groups = 'train', env = process.env, cpuIndex = CPU_INDEX }: PythonOptions): Promise<string> {
  const root = resolve(projectRoot);
  const venv = join(root, '.venv');
  const python = join(venv, 'bin', 'python');
  const wanted: Stamp = { train: lockHash(root, 'train'), ...(groups === 'test' ? { test: lockHash(root, 'test') } : {}) };
  const isCurrent = async () => readStamp(venv)[groups] === wanted[groups] && (await runs(python, env));
  if (await isCurrent()) return python;

  const lock = join(cacheDir(env), `python-${sha256Hex(root).slice(0, 12)}.lock`);
  return await withLock(lock, (pid) => say(`process ${pid} is installing Python packages; waiting for it`), async () => {
    if (await isCurrent()) return python;
    const environment: PythonEnvironment = { uv: await findUv(say, env), venv, python, env, say };
    if (!(await runs(python, env))) await createEnvironment(environment);
    await installLocked(environment, lockPaths(root, groups), cpuIndex);
    writeFileSync(join(venv, STAMP), JSON.stringify(wanted));
    return python;
  });
}

/** Group -> hash of the lock files that it was installed from. */
type Stamp = Partial<Record<PackageGroup, string>>;
const STAMP = 'exemplar-packages.json';

function readStamp(venv: string): Stamp {
  try {
    return JSON.parse(readFileSync(join(venv, STAMP), 'utf8')) as Stamp;
  } catch {
    return {};
  }
}

function lockPaths(root: string, group: PackageGroup): string[] {
  return LOCKS[group].map((name) => join(root, 'trainer', name));
}

function lockHash(root: string, group: PackageGroup): string {
  return sha256Hex(lockPaths(root, group).map((path) => readFileSync(path, 'utf8')).join('\0'));
}
