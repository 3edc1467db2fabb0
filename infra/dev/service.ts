import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { contentHash, sha256Hex } from '../../schemas/canonical.ts';
import { choosePorts, isFree, type Ports } from './ports.ts';
import { isAlive, logTail, startProcess, stopMarked, stopProcess } from './process.ts';
import { listensOn } from './process-table.ts';
import { readStateFile, updateState, type ServiceName, type ServiceProcess } from './state.ts';
import type { Say } from './steps.ts';

/** A service on the ports given to it. */
export interface Service {
  command: readonly [string, ...string[]];
  /** Beside the base environment. */
  env: Record<string, string>;
  cwd: string;
  /** Files that it reads at start only: a change of their content restarts it. */
  inputs?: readonly string[];
  /** What people reach it at; empty for workers. */
  address: string;
  /** Removes what an earlier process left that would look like readiness. */
  clear?(): void;
  /** Resolves once it serves; rejects, or resolves to false, while it does not. */
  ready(pid: number): Promise<boolean>;
  /** What must be there before others use it; may run again. */
  prepare?(): Promise<void>;
}

export interface ServiceKind {
  name: ServiceName;
  usualPorts: Ports;
  /** Longest start, ms. */
  startMs: number;
  on(ports: Ports): Service;
}

export interface Bringing {
  dir: string;
  say: Say;
  /** What every process gets. */
  baseEnv: NodeJS.ProcessEnv;
}

/** From SIGTERM to SIGKILL, ms. The worker waits for answers already paid for, the trainer writes a checkpoint. */
const GRACE_MS: Record<ServiceName, number> = { worker: 900_000, trainer: 60_000, 'sim-model': 10_000, codec: 10_000, temporal: 10_000, s3: 10_000 };
const PROBE_EVERY_MS = 50;
const ADOPTION_MS = 3_000;
const START_TRIES = 3;

/**
 * Makes one service run: adopts a healthy process of the same command, environment and inputs, else ends what is left of an
 * earlier one and starts it, on other ports when its own are taken. Returns its ports.
 * @throws Error with the end of its log when it does not get ready.
 */
export async function bringUp(kind: ServiceKind, bringing: Bringing): Promise<Ports> {
  const { dir, say } = bringing;
  const state = readStateFile(dir);
  const known = state.processes[kind.name];
  const knownPorts = state.ports[kind.name];
  if (known !== undefined && knownPorts !== undefined && isAlive(known)) {
    const service = kind.on(knownPorts);
    const same = known.spec === specHash(service);
    if (same && (await healthy(service, known.pid, knownPorts, ADOPTION_MS))) {
      await service.prepare?.();
      say(`${kind.name} runs (pid ${known.pid})`);
      return knownPorts;
    }
    say(`${kind.name} (pid ${known.pid}) ${same ? 'does not answer' : 'has other settings'}; starting it anew`);
  }
  await bringDown(kind.name, dir, say);
  const wishes = Object.fromEntries(Object.entries(kind.usualPorts).map(([name, usual]) => [name, [knownPorts?.[name] ?? usual, usual]]));
  for (let left = START_TRIES; ; left--) {
    const ports = await choosePorts(wishes);
    const failure = await start(kind, ports, bringing);
    if (failure === null) return ports;
    // another program may take a port between the choice and the start
    const taken = !(await Promise.all(Object.values(ports).map(isFree))).every(Boolean);
    if (!taken || left === 1) throw failure;
  }
}

/** Ends a service and whatever of it is left, recorded or not; says what it stopped. Returns whether anything ran. */
export async function bringDown(name: ServiceName, dir: string, say: Say): Promise<boolean> {
  const known = readStateFile(dir).processes[name];
  let ran = false;
  if (known !== undefined) {
    const how = await stopProcess(known, GRACE_MS[name]);
    if (how === 'stopped') say(`stopped ${name} (pid ${known.pid})`);
    if (how === 'killed') say(`killed ${name} (pid ${known.pid}): it did not end within ${GRACE_MS[name] / 1000} s`);
    ran = how !== 'gone';
  }
  const strays = await stopMarked(markOf(dir, name), GRACE_MS[name]);
  if (strays > 0) say(`cleaned ${strays} ${strays === 1 ? 'process' : 'processes'} that an earlier ${name} left`);
  if (known !== undefined) updateState(dir, (file) => delete file.processes[name]);
  return ran || strays > 0;
}

async function start(kind: ServiceKind, ports: Ports, { dir, say, baseEnv }: Bringing): Promise<Error | null> {
  const service = kind.on(ports);
  const log = join(dir, 'logs', `${kind.name}.log`);
  service.clear?.();
  const running = await startProcess({ mark: markOf(dir, kind.name), command: service.command, env: { ...baseEnv, ...service.env }, cwd: service.cwd, log });
  const process: ServiceProcess = { ...running, spec: specHash(service), log, address: service.address };
  updateState(dir, (file) => {
    file.processes[kind.name] = process;
    file.ports[kind.name] = ports;
  });
  if (await healthy(service, process.pid, ports, kind.startMs, () => isAlive(process))) {
    await service.prepare?.();
    say(`started ${kind.name}${service.address === '' ? '' : ` at ${service.address}`} (pid ${process.pid})`);
    return null;
  }
  const what = isAlive(process) ? `did not get ready within ${kind.startMs / 1000} s` : 'ended at start';
  await bringDown(kind.name, dir, () => {});
  return new Error(`${kind.name} ${what}; the end of ${log}:\n${logTail(log)}`);
}

/** Probes until the service answers on ports that are its own, at most `withinMs` and while `going` holds. */
async function healthy(service: Service, pid: number, ports: Ports, withinMs: number, going = () => true): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (going() && Date.now() < deadline) {
    const own = Object.values(ports).every((port) => listensOn(pid, port));
    if (own && (await service.ready(pid).catch(() => false))) return true;
    await pause(PROBE_EVERY_MS);
  }
  return false;
}

function markOf(dir: string, name: ServiceName): string {
  return `${resolve(dir)}:${name}`;
}

function specHash({ command, env, cwd, inputs = [] }: Service): string {
  const contents = inputs.map((path) => [path, existsSync(path) ? sha256Hex(readFileSync(path)) : null]);
  return contentHash({ command, env, cwd, contents });
}
