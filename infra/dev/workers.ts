import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KEYS_FILE_VARIABLE } from '../codec/payload-keys.ts';
import { packageRoot } from '../package-root.ts';
import type { ServiceKind } from './service.ts';
import { EXEMPLAR } from './sim-model.ts';

/**
 * Workers say that they poll by writing their pid into `<dir>/<name>.ready`.
 * `env` says where the services are: other addresses mean a new process.
 */
export function workerService(dir: string, env: Record<string, string>, command: readonly [string, ...string[]] = [...EXEMPLAR, 'worker']): ServiceKind {
  return polling({ name: 'worker', dir, env, command, cwd: dirname(dir) });
}

/** The Python worker on queue `gpu-train`; it checkpoints when asked to end. */
export function trainerService(dir: string, env: Record<string, string>, command: readonly [string, ...string[]]): ServiceKind {
  return polling({ name: 'trainer', dir, env: { ...env, PYTHONUNBUFFERED: '1' }, command, cwd: join(packageRoot, 'trainer') });
}

export function trainerCommand(python: string): readonly [string, ...string[]] {
  return [python, '-m', 'exemplar_trainer.worker'];
}

interface Polling {
  name: 'worker' | 'trainer';
  dir: string;
  env: Record<string, string>;
  command: readonly [string, ...string[]];
  cwd: string;
}

function polling({ name, dir, env, command, cwd }: Polling): ServiceKind {
  const sign = join(dir, `${name}.ready`);
  return {
    name,
    usualPorts: {},
    startMs: 90_000,
    on: () => ({
      command,
      env,
      cwd,
      inputs: env[KEYS_FILE_VARIABLE] === undefined ? [] : [env[KEYS_FILE_VARIABLE]],
      address: '',
      clear: () => rmSync(sign, { force: true }),
      ready: (pid) => Promise.resolve(signedBy(sign) === pid),
    }),
  };
}

function signedBy(sign: string): number | null {
  try {
    return Number(readFileSync(sign, 'utf8'));
  } catch {
    return null;
  }
}
