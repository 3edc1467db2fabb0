import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { markedProcesses, MARK, startOf } from './process-table.ts';

/** A background process: what to run, and where its output goes. */
export interface ProcessSpec {
  /** Told to the process and its children, so that they are found even when nobody wrote their pid down. */
  mark: string;
  command: readonly [string, ...string[]];
  env: Record<string, string | undefined>;
  cwd: string;
  /** Appended to. */
  log: string;
}

export interface RunningProcess {
  pid: number;
  /** See startOf. */
  start: string;
}

const POLL_MS = 25;

/** Starts a process in a session of its own, so that it outlives this one. @throws Error with one line when it cannot be run. */
export async function startProcess({ mark, command, env, cwd, log }: ProcessSpec): Promise<RunningProcess> {
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, 'a');
  try {
    const [program, ...args] = command;
    const child = spawn(program, args, { cwd, env: { ...env, [MARK]: mark }, detached: true, stdio: ['ignore', output, output] });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) => reject(new Error(`cannot run ${program}: ${cause.message}`, { cause })));
    });
    child.unref();
    const pid = child.pid as number;
    return { pid, start: startOf(pid) ?? 'ended at once' };
  } finally {
    closeSync(output);
  }
}

export function isAlive({ pid, start }: RunningProcess): boolean {
  return startOf(pid) === start;
}

/** Asks a process to end by SIGTERM and, after `graceMs`, kills it with its whole group. Resolves when it is gone. */
export async function stopProcess(target: RunningProcess, graceMs: number): Promise<'gone' | 'stopped' | 'killed'> {
  if (!isAlive(target)) return 'gone';
  signal(target.pid, 'SIGTERM');
  if (await ended(target, graceMs)) return 'stopped';
  signal(-target.pid, 'SIGKILL');
  signal(target.pid, 'SIGKILL');
  await ended(target, Infinity);
  return 'killed';
}

/** Ends every process that carries the mark: children of a killed leader, or one whose pid was never written down. Returns their number. */
export async function stopMarked(mark: string, graceMs: number): Promise<number> {
  const strays = markedProcesses(mark).map((pid) => ({ pid, start: startOf(pid) ?? '' }));
  await Promise.all(strays.map(async (stray) => await stopProcess(stray, graceMs)));
  return strays.length;
}

/** Last lines of a log that say something. */
export function logTail(log: string, lines = 5): string {
  if (!existsSync(log)) return '';
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}

async function ended(target: RunningProcess, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (isAlive(target)) {
    if (Date.now() > deadline) return false;
    await pause(POLL_MS);
  }
  return true;
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // ESRCH: it ended meanwhile, or leads no group
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
