import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Environment variable that names the service a process was started for, inherited by its children. */
export const MARK = 'EXEMPLAR_SERVICE';

/**
 * When a process started (Linux: clock ticks since boot), null when there is none. A pid together with its start recognises a
 * process for good: the kernel gives pids out again. Zombies count as gone.
 */
export function startOf(pid: number): string | null {
  return process.platform === 'linux' ? procStart(pid) : psStart(pid);
}

function procStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the second field, the command's name, may hold spaces and parentheses; counted after it, state is the first and starttime the 20th
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function psStart(pid: number): string | null {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return line.startsWith('Z') ? null : line.replace(/^\S+\s+/, '');
  } catch {
    return null;
  }
}

/** Processes that carry the mark, recorded anywhere or not. Empty where there is no /proc. */
export function markedProcesses(mark: string): number[] {
  const wanted = `${MARK}=${mark}`;
  return numbersIn('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(wanted) && startOf(pid) !== null;
    } catch {
      return false;
    }
  });
}

/**
 * Whether it is this process, not another program, that listens on a TCP port of 127.0.0.1: an answer alone does not tell.
 * True where there is no /proc to look it up.
 */
export function listensOn(pid: number, port: number): boolean {
  if (process.platform !== 'linux') return true;
  const sockets = listeningSockets(port);
  try {
    return numbersIn(`/proc/${pid}/fd`).some((fd) => sockets.has(linkTarget(`/proc/${pid}/fd/${fd}`)));
  } catch {
    return false;
  }
}

/** Columns of /proc/net/tcp: 1 local address, hexadecimal; 3 state, 0A is LISTEN; 9 inode. */
function listeningSockets(port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => {
    try {
      return readFileSync(table, 'utf8').split('\n').map((line) => line.trim().split(/\s+/));
    } catch {
      return [];
    }
  });
  return new Set(rows.filter((row) => row[1]?.endsWith(suffix) && row[3] === '0A').map((row) => `socket:[${row[9]}]`));
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder).filter((name) => /^\d+$/.test(name)).map(Number);
  } catch {
    return [];
  }
}
