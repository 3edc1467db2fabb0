import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { serviceStatus } from '../dist/infra/dev/services.js';

/** Seconds since a reading of performance.now(), to a tenth. */
export const seconds = (/** @type {number} */ began) => Math.round((performance.now() - began) / 100) / 10;

/** What ran a bench. Load is the kernel's one-minute average. */
export function machine() {
  const cores = cpus();
  return {
    cores: cores.length,
    cpu: cores[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    loadBefore: load(),
    date: new Date().toISOString().slice(0, 10),
  };
}

export const load = () => Math.round((loadavg()[0] ?? 0) * 10) / 10;

/** @param {ReturnType<typeof machine>} m @param {number} loadAfter */
export function machineText(m, loadAfter) {
  return `${m.date}; ${m.cores} cores (${m.cpu}), ${m.memoryGiB} GiB, Node ${m.node}, which the model, the workers, Temporal and S3 all share; load average ${m.loadBefore} before and ${loadAfter} after. Other programs may have been at work: wall times are of this run, and nothing asserts them.`;
}

/** Linux counts a process's time in hundredths of a second, whatever its own clock. */
const TICKS_A_SECOND = 100;

/**
 * CPU seconds that each service of a folder has used since it started. They hardly depend on what else the machine does, as wall
 * times do. Empty where there is no /proc.
 * @param {string} dir
 * @returns {Record<string, number>}
 */
export function cpuSeconds(dir) {
  if (process.platform !== 'linux') return {};
  return Object.fromEntries(serviceStatus(dir).map(({ name, pid }) => [name, processSeconds(pid)]));
}

/**
 * CPU seconds of one process since it started. Linux only.
 * @param {number} pid
 */
export function processSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // counted after the command's name, which may hold spaces, user and system time are the 12th and 13th
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** @param {Record<string, number>} before @param {Record<string, number>} after */
export function cpuSince(before, after) {
  return Object.fromEntries(Object.entries(after).map(([name, spent]) => [name, Math.round(10 * (spent - (before[name] ?? 0))) / 10]));
}
