import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { WorkerQueue } from '../workers/queues.ts';
import { startWorkers, type WorkerSettings } from '../workers/worker.ts';
import type { Output } from './output.ts';
import { configured, stateFolder } from './environment.ts';
import { shownOnTerminal } from './terminal.ts';

/**
 * By how much of what is alive the heap may grow before it is collected. Left to itself, V8 lets it grow to some three times, most of it
 * what calls have left behind, and keeps the memory.
 */
const HEAP_GROWTH_PERCENT = 50;

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Works until SIGTERM or SIGINT, and what is in flight has ended; a second signal ends the process as it stands. While it polls, `worker.ready` in the state folder holds its process id. */
export async function runWorker(queues: readonly WorkerQueue[], settings: WorkerSettings, output: Output): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  const write = output.json ? output.say : (line: string) => console.log(line);
  const log = (event: string) => write(`${new Date().toISOString()} ${shownOnTerminal(event)}`);
  const warned = new Set<string>();
  // an SDK warns at every call
  console.warn = (text: unknown) => {
    if (!warned.has(String(text))) log(`WARN ${String(text).replaceAll('\n', ' ')}`);
    warned.add(String(text));
  };
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => log(`${level} ${message}${meta === undefined ? '' : ` ${oneLine(meta)}`}`)),
    // the signals are handled here, so that answers already paid for are waited for
    shutdownSignals: [],
  });
  const workers = await startWorkers(configured(), queues, settings);
  await workers.ready;
  const ready = markReady();
  const version = settings.version == null ? '' : ` as version ${settings.version.buildId} of ${settings.version.deployment}`;
  log(`worker ${process.pid} polls ${queues.join(', ')}${version}`);
  if (output.json) output.result({ pid: process.pid, queues, ...settings, ready }, '');
  const stop = (signal: NodeJS.Signals) => {
    for (const each of STOP_SIGNALS) process.removeListener(each, stop);
    log(`${signal}: no new work; calls in flight finish; a second one ends them`);
    void workers.stop().catch(() => undefined);
  };
  for (const each of STOP_SIGNALS) process.on(each, stop);
  try {
    await workers.done;
  } finally {
    rmSync(ready, { force: true });
  }
  log('drained');
}

/** Appears at once and whole. */
function markReady(): string {
  const folder = stateFolder();
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'worker.ready');
  writeFileSync(`${path}.${process.pid}`, `${process.pid}\n`);
  renameSync(`${path}.${process.pid}`, path);
  return path;
}

function oneLine(meta: object): string {
  return JSON.stringify(meta, (_, value: unknown) => (value instanceof Error ? value.message : typeof value === 'bigint' ? String(value) : value));
}
