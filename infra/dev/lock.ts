import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startOf } from './process-table.ts';

const POLL_MS = 100;

/**
 * Runs `work` while holding a lock file that names this process. Waits while another living process holds it, saying so once
 * (`waiting` gets its pid); takes over what a killed one left.
 */
export async function withLock<T>(path: string, waiting: (pid: number) => void, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  const own = `${path}.${randomUUID()}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, start: startOf(process.pid) }));
  try {
    let said = false;
    while (!tryLink(own, path)) {
      const holder = read(path);
      if (holder === null) continue;
      const pid = livingHolder(holder);
      if (pid === null) breakLock(path, holder, `${own}.broken`);
      else {
        if (!said) waiting(pid);
        said = true;
        await pause(POLL_MS);
      }
    }
    try {
      return await work();
    } finally {
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** A hard link appears with its content, or fails because the lock is there: no half-written lock is ever seen. */
function tryLink(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function livingHolder(content: string): number | null {
  try {
    const { pid, start } = JSON.parse(content) as { pid: number; start: string };
    return startOf(pid) === start ? pid : null;
  } catch {
    return null;
  }
}

/** Removes a dead holder's lock, and only that: another process may have broken it and taken the lock meanwhile. */
function breakLock(path: string, dead: string, aside: string): void {
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (read(aside) !== dead) tryLink(aside, path);
  rmSync(aside, { force: true });
}
