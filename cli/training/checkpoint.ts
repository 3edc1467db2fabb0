import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ObjectStore } from '../../activities/store.ts';
import { baseEnvironment, externalServices } from '../../infra/dev/environment.ts';
import type { S3Store } from '../../infra/store-s3.ts';
import { UsageError } from '../../infra/usage-error.ts';
import { checkpointsPrefix } from '../../schemas/keys.ts';
import { openStore } from '../datasets.ts';
import { configured } from '../environment.ts';
import { environment } from '../variables.ts';

/** Written last: where it is, the checkpoint is complete. */
const STATE = 'state.json';
const STEP = /^\d+$/;
const STEP_DIGITS = 8;
/** RUN or RUN/STEP. */
const RUN = /^([^/\\]+)(?:\/(\d+))?$/;

/** Where a checkpoint lies, and what a process needs to read it. */
export interface CheckpointPlace {
  /** `s3://bucket/prefix` or an absolute folder: a step's or a run's. */
  uri: string;
  /** The whole environment of that process. Credentials of S3 are in it only where the checkpoint is there. */
  env: NodeJS.ProcessEnv;
}

/**
 * What CHECKPOINT means: an address on S3, a folder where there is one of that name, else a training run of the configured bucket, or a step of it.
 * @throws UsageError where no complete checkpoint is there, or S3 is needed and nothing says where it is.
 */
export async function findCheckpoint(named: string): Promise<CheckpointPlace> {
  if (named.startsWith('s3://')) return await addressed(named);
  if (existsSync(named)) return { uri: inFolder(named), env: baseEnvironment() };
  if (!RUN.test(named)) throw new UsageError(`CHECKPOINT: no such folder: ${named}`);
  return { uri: await checkpointOfRun(openStore(), named, 'CHECKPOINT: no such folder, and'), env: s3Environment() };
}

/**
 * Address of RUN or RUN/STEP in a bucket.
 * @throws UsageError, beginning with `where`, where no complete checkpoint is there.
 */
export async function checkpointOfRun(store: S3Store, named: string, where: string): Promise<string> {
  const [, run, step] = RUN.exec(named) ?? [];
  const key = step === undefined ? run : `${run}/${step.padStart(STEP_DIGITS, '0')}`;
  if (run !== undefined && (await holdsCheckpoint(store, `${checkpointsPrefix}${key}/`))) return `s3://${store.bucket}/${checkpointsPrefix}${key}`;
  const what = step === undefined ? `training run "${named}" with a complete checkpoint` : `complete checkpoint "${named}"`;
  throw new UsageError(`${where} no ${what} in ${store.describe()}; known runs: ${(await runsOf(store)).join(', ') || 'none'}`);
}

function inFolder(named: string): string {
  if (!statSync(named).isDirectory()) throw new UsageError(`CHECKPOINT: ${named} is no folder; a checkpoint is one with ${STATE}, a run's folder holds several`);
  const steps = readdirSync(named).filter((name) => STEP.test(name));
  if (!['', ...steps].some((step) => existsSync(join(named, step, STATE)))) throw noCheckpoint(named);
  return resolve(named);
}

async function addressed(uri: string): Promise<CheckpointPlace> {
  const [, bucket, key = ''] = /^s3:\/\/([^/]+)\/(.*?)\/*$/.exec(uri) ?? [];
  if (bucket === undefined || key === '') throw new UsageError(`CHECKPOINT: s3://BUCKET/checkpoints/RUN or s3://BUCKET/checkpoints/RUN/STEP (is "${uri}")`);
  if (!(await holdsCheckpoint(openStore(bucket), `${key}/`))) throw noCheckpoint(uri);
  return { uri: `s3://${bucket}/${key}`, env: s3Environment() };
}

async function holdsCheckpoint(store: ObjectStore, prefix: string): Promise<boolean> {
  for await (const { key } of store.list(prefix)) {
    const [name, state, ...rest] = key.slice(prefix.length).split('/') as [string, ...string[]];
    if (name === STATE || (STEP.test(name) && state === STATE && rest.length === 0)) return true;
  }
  return false;
}

async function runsOf(store: ObjectStore): Promise<string[]> {
  const runs = new Set<string>();
  for await (const { key } of store.list(checkpointsPrefix)) {
    const [run, , state] = key.slice(checkpointsPrefix.length).split('/');
    if (state === STATE) runs.add(run as string);
  }
  return [...runs];
}

const noCheckpoint = (where: string) => new UsageError(`CHECKPOINT: ${where} holds no complete checkpoint: neither ${STATE}, nor the folder of a step with it`);

/** The user's variables where they name S3, else where the local one is: a stray variable must not change how that is reached. */
function s3Environment(): NodeJS.ProcessEnv {
  const user = environment();
  if (externalServices(user).s3) return { ...baseEnvironment(), ...Object.fromEntries(Object.entries(user).filter(([name]) => name.startsWith('AWS_'))) };
  const { endpoint, credentials } = configured().s3;
  return { ...baseEnvironment(), AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: credentials?.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials?.secretAccessKey };
}
