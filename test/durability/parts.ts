import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { baseEnvironment, workerEnvironment } from '../../infra/dev/environment.ts';
import type { Ports } from '../../infra/dev/ports.ts';
import { isAlive } from '../../infra/dev/process.ts';
import { ensurePython } from '../../infra/dev/python.ts';
import { BUCKET, s3Binary, s3Service } from '../../infra/dev/s3.ts';
import { bringUp, type ServiceKind } from '../../infra/dev/service.ts';
import { EXEMPLAR, simModelService } from '../../infra/dev/sim-model.ts';
import { readCredentials, readStateFile, type DevServices } from '../../infra/dev/state.ts';
import { temporalBinary, temporalService } from '../../infra/dev/temporal.ts';
import { trainerCommand, trainerService, workerService } from '../../infra/dev/workers.ts';
import { packageRoot } from '../../infra/package-root.ts';
import type { Lines } from './lines.ts';
import { until } from './until.ts';

/** What each worker process works on. `spare` is a second one for model calls. */
export const QUEUES_OF = { worker: 'orchestrate,llm,tools,io', llm: 'llm', spare: 'llm', io: 'io,tools', orchestrate: 'orchestrate' } as const;
export type WorkerPart = keyof typeof QUEUES_OF;
export type ServerPart = 'temporal' | 's3' | 'model';
/** A process of the machine that can be killed and started again. */
export type Part = ServerPart | WorkerPart | 'trainer';

export function isWorker(part: Part): part is WorkerPart {
  return part in QUEUES_OF;
}

/** Whether the process calls the model. */
export function asksModel(part: Part): boolean {
  return part === 'worker' || part === 'llm' || part === 'spare';
}

/** One process, started and killed under its own folder of state. */
export class Process {
  readonly #kind: () => Promise<ServiceKind>;
  readonly #dir: string;
  #name: ServiceKind['name'] | null = null;
  ports: Ports = {};

  constructor(dir: string, kind: () => Promise<ServiceKind>) {
    this.#dir = dir;
    this.#kind = kind;
  }

  /** Starts it where it does not run. */
  async up(): Promise<void> {
    const kind = await this.#kind();
    this.#name = kind.name;
    if (this.running !== null) return;
    this.ports = await bringUp(kind, { dir: this.#dir, say: () => {}, baseEnv: baseEnvironment() });
  }

  get running(): { pid: number } | null {
    const known = this.#name === null ? undefined : readStateFile(this.#dir).processes[this.#name];
    return known !== undefined && isAlive(known) ? known : null;
  }

  /** SIGKILL; resolves once it is gone. */
  async kill(): Promise<void> {
    const { running } = this;
    if (running === null) return;
    process.kill(running.pid, 'SIGKILL');
    await until(() => this.running === null, `process ${running.pid} is gone`);
  }
}

export interface Servers {
  dir: string;
  law: string;
  /** The model's journal of answered calls, which outlives it. */
  journal: string;
  /** More options of the Temporal server. */
  temporalOptions: readonly string[];
}

export function serverProcess(part: ServerPart, { dir, law, journal, temporalOptions }: Servers): Process {
  const first = portsOf(dir) + PORTS.indexOf(part);
  switch (part) {
    case 'temporal':
      return new Process(dir, async () => onPorts(first, withOptions(temporalService(await temporalBinary(), dir), temporalOptions)));
    case 's3':
      return new Process(dir, async () => onPorts(first, s3Service(await s3Binary(), dir, BUCKET)));
    case 'model':
      return new Process(dir, () => Promise.resolve(onPorts(first, simModelService(dir, law, [...EXEMPLAR, 'sim-model', '--journal', journal]))));
  }
}

/** The last needs two. */
const PORTS: readonly ServerPart[] = ['s3', 'model', 'temporal'];
const PORTS_A_MACHINE = 4;
/** Below those that the system gives away. */
const PORTS_FROM = 12_000;
const PORT_BLOCKS = 5_000;

/** Ports of a machine's own: another's server on the port of one that was killed would be taken for it. */
function portsOf(dir: string): number {
  return PORTS_FROM + PORTS_A_MACHINE * (createHash('sha256').update(dir).digest().readUInt32BE() % PORT_BLOCKS);
}

function onPorts(first: number, kind: ServiceKind): ServiceKind {
  return { ...kind, usualPorts: Object.fromEntries(Object.keys(kind.usualPorts).map((name, i) => [name, first + i])) };
}

export function workerProcess(part: WorkerPart | 'trainer', dir: string, env: (dir: string) => Record<string, string>): Process {
  const own = join(dir, part);
  if (part !== 'trainer') return new Process(own, () => Promise.resolve(workerService(own, env(own), [...EXEMPLAR, 'worker', '--queues', QUEUES_OF[part]])));
  return new Process(own, async () => trainerService(own, env(own), trainerCommand(await ensurePython({ projectRoot: packageRoot, say: () => {} }))));
}

/** The environment of a process that reaches the services by its own lines. */
export function environmentBy(lines: Lines, services: DevServices, dir: string): Record<string, string> {
  const reached = { ...services, dir, temporalAddress: lines.temporal.address, s3Endpoint: lines.s3.url, simModelUrl: lines.model.url };
  return workerEnvironment(reached, { temporal: false, s3: false, model: false });
}

export function servicesOf(dir: string, server: Record<ServerPart, Process>): DevServices {
  const http = (port: number | undefined) => `http://127.0.0.1:${port}`;
  return {
    ...readCredentials(dir),
    bucket: BUCKET,
    dir,
    temporalAddress: `127.0.0.1:${server.temporal.ports['grpc']}`,
    uiUrl: http(server.temporal.ports['ui']),
    s3Endpoint: http(server.s3.ports['s3']),
    simModelUrl: http(server.model.ports['http']),
  };
}

function withOptions(kind: ServiceKind, options: readonly string[]): ServiceKind {
  return {
    ...kind,
    on: (ports) => {
      const service = kind.on(ports);
      return { ...service, command: [...service.command, ...options] };
    },
  };
}
