import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { keepSecret } from '../../activities/secrets.ts';
import type { Ports } from './ports.ts';
import type { RunningProcess } from './process.ts';

export const SERVICE_NAMES = ['codec', 'temporal', 's3', 'sim-model', 'worker', 'trainer'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** Where the services are. A text is empty where the service neither runs here nor is named by the environment. */
export interface DevServices {
  /** host:port */
  temporalAddress: string;
  uiUrl: string;
  s3Endpoint: string;
  accessKeyId: string;
  secretAccessKey: string;
  bucket: string;
  simModelUrl?: string;
  dir: string;
}

export interface ServiceProcess extends RunningProcess {
  /** Hash of command, environment and input files: another one means that the process must be started anew. */
  spec: string;
  log: string;
  /** What people reach it at; empty for workers. */
  address: string;
}

/** services.json; holds no secret. */
export interface StateFile {
  schema: 1;
  processes: Partial<Record<ServiceName, ServiceProcess>>;
  /** Chosen at the first start and wished for at the next one, so that addresses keep. */
  ports: Partial<Record<ServiceName, Ports>>;
  /** Of the last `up`. */
  addresses: Pick<DevServices, 'temporalAddress' | 'uiUrl' | 's3Endpoint' | 'bucket' | 'simModelUrl'>;
}

export interface State {
  processes: StateFile['processes'];
  /** Absent until Temporal and S3 are known. */
  services?: DevServices;
}

const NOTHING: StateFile = { schema: 1, processes: {}, ports: {}, addresses: { temporalAddress: '', uiUrl: '', s3Endpoint: '', bucket: '' } };

/** What the last `up` in `dir` started, dead or alive; null when it started nothing or all was stopped. */
export function readState(dir: string): State | null {
  const { processes, addresses } = readStateFile(dir);
  if (Object.keys(processes).length === 0) return null;
  if (addresses.temporalAddress === '' || addresses.s3Endpoint === '') return { processes };
  const keys = processes.s3 === undefined ? { accessKeyId: '', secretAccessKey: '' } : readCredentials(dir);
  return { processes, services: { ...addresses, ...keys, dir } };
}

/** @throws Error naming the file when it is of another version. A file cut short counts as none: processes are also known by their mark. */
export function readStateFile(dir: string): StateFile {
  const path = join(dir, 'services.json');
  if (!existsSync(path)) return structuredClone(NOTHING);
  let file: StateFile;
  try {
    file = JSON.parse(readFileSync(path, 'utf8')) as StateFile;
  } catch {
    return structuredClone(NOTHING);
  }
  if (file.schema !== 1) throw new Error(`${path}: written by another version of exemplar; run its \`down\`, then remove the file`);
  return file;
}

/** Reads, changes and replaces services.json in one go. */
export function updateState(dir: string, change: (file: StateFile) => void): void {
  const file = readStateFile(dir);
  change(file);
  replace(join(dir, 'services.json'), `${JSON.stringify(file, null, 2)}\n`, 0o644);
}

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

/** Root keys of the local S3, made once and readable by their owner alone. */
export function readCredentials(dir: string): Credentials {
  const path = join(dir, 'credentials.json');
  if (!existsSync(path)) {
    const made: Credentials = { accessKeyId: `exemplar-${randomBytes(4).toString('hex')}`, secretAccessKey: randomBytes(24).toString('hex') };
    replace(path, `${JSON.stringify(made, null, 2)}\n`, 0o600);
  }
  const credentials = JSON.parse(readFileSync(path, 'utf8')) as Credentials;
  keepSecret(credentials.secretAccessKey);
  return credentials;
}

function replace(path: string, text: string, mode: number): void {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  const partial = `${path}.${process.pid}.partial`;
  writeFileSync(partial, text, { mode });
  renameSync(partial, path);
}
