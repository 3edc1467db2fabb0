import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sha256Hex } from '../../schemas/canonical.ts';
import { cacheDir } from './cache.ts';
import { withLock } from './lock.ts';
import { createEnvironment, installLocked, type PythonEnvironment } from './python-packages.ts';
import type { Say } from './steps.ts';
import { findUv, runs } from './uv.ts';

const CPU_INDEX = 'https://download.pytorch.org/whl/cpu';

/**
 * `test` has all of `train`, and what the trainer's tests need. Environments apart: `narrow` for the MCP servers in narrow/, `oracle` for torchgfn,
 * against which losses are tested and which needs an older numpy, `bench` for the loaders that ours is timed beside.
 */
export type PackageGroup = 'train' | 'test' | 'narrow' | 'oracle' | 'bench';

interface Group {
  /** Below the project's root. */
  venv: string;
  locks: readonly string[];
  /** Groups of the same environment that this one holds. */
  holds: readonly PackageGroup[];
  /** Whose packages they are, in progress lines. */
  whose: string;
}

const TRAIN = 'trainer/requirements.txt';
const GROUPS: Record<PackageGroup, Group> = {
  train: { venv: '.venv', locks: [TRAIN], holds: [], whose: "the trainer's" },
  test: { venv: '.venv', locks: [TRAIN, 'trainer/requirements-test.txt'], holds: ['train'], whose: "the trainer's" },
  narrow: { venv: '.venv-narrow', locks: ['narrow/requirements.txt'], holds: [], whose: "the narrow AIs'" },
  oracle: { venv: '.venv-oracle', locks: ['trainer/requirements-oracle.txt'], holds: [], whose: "the test oracle's" },
  bench: { venv: '.venv-bench', locks: ['trainer/requirements-bench.txt'], holds: [], whose: "the loader bench's" },
};

export interface PythonOptions {
  /** Holds the groups' lock files; gets their environments. */
  projectRoot: string;
  say: Say;
  groups?: PackageGroup;
  env?: NodeJS.ProcessEnv;
  /** Package index with torch's CPU builds. */
  cpuIndex?: string;
}

/**
 * Path of the Python of the group's environment, such as `<projectRoot>/.venv`, with every package of the group, installed by hash unless a stamp says that they
 * are there. torch comes as its CPU build where that index answers and there is no NVIDIA GPU. @throws Error with one line.
 */
export async function ensurePython({ projectRoot, say, groups = 'train', env = process.env, cpuIndex = CPU_INDEX }: PythonOptions): Promise<string> {
  const root = resolve(projectRoot);
  const group = GROUPS[groups];
  const venv = join(root, group.venv);
  const python = join(venv, 'bin', 'python');
  const wanted: Stamp = Object.fromEntries([...group.holds, groups].map((each) => [each, lockHash(root, each)]));
  const isCurrent = async () => readStamp(venv)[groups] === wanted[groups] && (await runs(python, env));
  if (await isCurrent()) return python;

  const lock = join(cacheDir(env), `python-${sha256Hex(venv).slice(0, 12)}.lock`);
  return await withLock(lock, (pid) => say(`process ${pid} is installing Python packages; waiting for it`), async () => {
    if (await isCurrent()) return python;
    const environment: PythonEnvironment = { uv: await findUv(say, env), venv, python, env, say };
    if (!(await runs(python, env))) await createEnvironment(environment);
    await installLocked(environment, { locks: lockPaths(root, groups), whose: group.whose, cpuIndex });
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
  return GROUPS[group].locks.map((path) => join(root, path));
}

function lockHash(root: string, group: PackageGroup): string {
  return sha256Hex(lockPaths(root, group).map((path) => readFileSync(path, 'utf8')).join('\0'));
}
