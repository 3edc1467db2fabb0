import { cpus, loadavg, totalmem } from 'node:os';

/** Seconds since a reading of performance.now(), to a tenth. */
export const seconds = (/** @type {number} */ began) => Math.round((performance.now() - began) / 100) / 10;

/** What ran a bench. Load is the kernel's one-minute average: more than the bench itself makes means that others were at work. */
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
  return `${m.date}; ${m.cores} cores (${m.cpu}), ${m.memoryGiB} GiB, Node ${m.node}, which the model, the workers, Temporal and S3 all share; load average ${m.loadBefore} before and ${loadAfter} after.`;
}
