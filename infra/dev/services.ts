import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { packageRoot } from '../package-root.ts';
import { recordAddresses } from './addresses.ts';
import { codecService } from './codec-server.ts';
import { baseEnvironment, codecEnvironment, externalServices, workerEnvironment } from './environment.ts';
import { withLock } from './lock.ts';
import { isAlive } from './process.ts';
import { ensurePython } from './python.ts';
import { BUCKET, s3Binary, s3Service } from './s3.ts';
import { bringDown, bringUp, type Bringing, type ServiceKind } from './service.ts';
import { simModelService } from './sim-model.ts';
import { readState, readStateFile, SERVICE_NAMES, type DevServices, type ServiceName } from './state.ts';
import type { Say } from './steps.ts';
import { temporalBinary, temporalService } from './temporal.ts';
import { trainerCommand, trainerService, workerService } from './workers.ts';

export { readState, type DevServices, type ServiceName, type State } from './state.ts';
export { startProcess, stopProcess } from './process.ts';

export interface UpOptions {
  /** Folder of state, logs and data, such as `.exemplar` in the user's project. */
  dir: string;
  say?: Say;
  /** Law file of the simulated model. */
  law?: string;
  /** Default: all but the trainer, whose Python packages take gigabytes, and the trainer too where it ran before. */
  only?: readonly ServiceName[];
  /**
   * The user's environment. Services that it names (TEMPORAL_ADDRESS or TEMPORAL_PROFILE; AWS_ENDPOINT_URL or AWS credentials; ANTHROPIC_API_KEY or
   * ANTHROPIC_BASE_URL) are not started but used. Left out: all is embedded, whatever the environment holds.
   */
  env?: NodeJS.ProcessEnv;
}

/**
 * Makes the services run: adopts those that run in good health, cleans what a killed run left, starts the missing ones, and
 * returns when each has answered. Two at once take turns. @throws Error naming the service that did not come up and its log.
 */
export async function up(options: UpOptions): Promise<DevServices> {
  const dir = resolve(options.dir);
  const say = options.say ?? (() => {});
  return await locked(dir, say, async () => await bringAllUp({ ...options, dir, say }));
}

async function bringAllUp({ dir, say, law, only, env }: UpOptions & { say: Say }): Promise<DevServices> {
  const external = externalServices(env);
  const chosen = new Set<ServiceName>(only ?? SERVICE_NAMES.filter((name) => name !== 'trainer' || readStateFile(dir).processes.trainer !== undefined));
  const wanted = (name: ServiceName, elsewhere = false) => chosen.has(name) && !elsewhere;
  const bringing: Bringing = { dir, say, baseEnv: baseEnvironment() };

  // what must be fetched or built comes first, one after another: it takes all cores
  const servers: ServiceKind[] = [];
  const temporal = wanted('temporal', external.temporal) ? await temporalBinary({ say }) : null;
  if (wanted('s3', external.s3)) servers.push(s3Service(await s3Binary({ say }), dir, BUCKET));
  if (wanted('sim-model', external.model)) servers.push(simModelService(dir, law));
  const python = wanted('trainer') ? await ensurePython({ projectRoot: packageRoot, say }) : '';

  // the UI is told where payloads are decoded when it starts
  const codec = wanted('codec') ? await bringUp(codecService(dir, codecEnvironment(dir, external, env)), bringing) : readStateFile(dir).processes.codec && readStateFile(dir).ports.codec;
  if (temporal !== null) servers.push(temporalService(temporal, dir, codec?.['http']));
  // each start is seen to its end, so that none is left half-done when another fails
  const results = await Promise.allSettled(servers.map(async (kind) => await bringUp(kind, bringing)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  const services = recordAddresses(dir, external, env);

  const places = workerEnvironment(services, external, env);
  if (wanted('worker')) await bringUp(workerService(dir, places), bringing);
  if (wanted('trainer')) await bringUp(trainerService(dir, places, trainerCommand(python)), bringing);
  return services;
}

export interface DownOptions {
  dir: string;
  only?: readonly ServiceName[];
  say?: Say;
}

/** Those who ask go before those who answer. */
const STOP_ORDER: readonly ServiceName[] = ['worker', 'trainer', 'sim-model', 'temporal', 'codec', 's3'];

/** Ends the services, SIGTERM first, and says what it stopped. Data, logs and ports stay for the next `up`. */
export async function down({ dir: folder, only = SERVICE_NAMES, say = () => {} }: DownOptions): Promise<void> {
  const dir = resolve(folder);
  await locked(dir, say, async () => {
    let stopped = false;
    for (const name of STOP_ORDER) {
      if (only.includes(name)) stopped = (await bringDown(name, dir, say)) || stopped;
    }
    if (!stopped) say('nothing was running');
  });
}

export interface ServiceStatus {
  name: ServiceName;
  pid: number;
  alive: boolean;
  /** What people reach it at; empty for workers. */
  address: string;
  log: string;
}

/** The services that the last `up` started. */
export function serviceStatus(dir: string): ServiceStatus[] {
  const processes = readState(resolve(dir))?.processes ?? {};
  return SERVICE_NAMES.flatMap((name) => {
    const process = processes[name];
    return process === undefined ? [] : [{ name, pid: process.pid, alive: isAlive(process), address: process.address, log: process.log }];
  });
}

async function locked<T>(dir: string, say: Say, work: () => Promise<T>): Promise<T> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return await withLock(join(dir, 'up.lock'), (pid) => say(`process ${pid} is starting or stopping the services; waiting for it`), work);
}
