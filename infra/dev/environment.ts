import { resolve } from 'node:path';
import { KEYS_FILE_VARIABLE } from '../codec/payload-keys.ts';
import { namesTemporal } from '../temporal-environment.ts';
import type { DevServices } from './state.ts';
import { REGION } from './s3.ts';

/** Variables that name services, keys and settings of the product, or of the servers that it starts. */
const MEANT = /^(ANTHROPIC|AWS|TEMPORAL|EXEMPLAR)_/;
const SERVER_SETTINGS = /^VGW_/;

/** Services that the user's environment names; those are not started here. */
export interface External {
  temporal: boolean;
  s3: boolean;
  model: boolean;
}

/** `env` undefined: nothing counts, all is embedded. */
export function externalServices(env: NodeJS.ProcessEnv = {}): External {
  const names = (...variables: string[]) => variables.some((variable) => env[variable] !== undefined);
  return {
    temporal: namesTemporal(env),
    s3: names('AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'AWS_PROFILE'),
    model: names('ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL'),
  };
}

/** What every started process gets: this process's environment without anything that names a service. */
export function baseEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !MEANT.test(name) && !SERVER_SETTINGS.test(name)));
}

/**
 * Where a worker finds the services: those that run here, and the user's variables for the others. Variables for a service that
 * runs here are kept from it, as a stray API key would turn TLS on.
 */
export function workerEnvironment(services: DevServices, external: External, user: NodeJS.ProcessEnv = {}): Record<string, string> {
  return {
    ...starting(user, 'EXEMPLAR_'),
    ...keysFile(user),
    EXEMPLAR_DIR: services.dir,
    EXEMPLAR_BUCKET: services.bucket,
    ...(external.temporal ? starting(user, 'TEMPORAL_') : { TEMPORAL_ADDRESS: services.temporalAddress, TEMPORAL_NAMESPACE: 'default' }),
    ...(external.s3
      ? starting(user, 'AWS_')
      : {
          AWS_ENDPOINT_URL: services.s3Endpoint,
          AWS_ACCESS_KEY_ID: services.accessKeyId,
          AWS_SECRET_ACCESS_KEY: services.secretAccessKey,
          AWS_REGION: REGION,
        }),
    ...(external.model ? starting(user, 'ANTHROPIC_') : simulated(services.simModelUrl)),
  };
}

/** What the codec server is told: where the services of the user's are; those that run here it looks up. */
export function codecEnvironment(dir: string, external: External, user: NodeJS.ProcessEnv = {}): Record<string, string> {
  return {
    ...starting(user, 'EXEMPLAR_'),
    ...keysFile(user),
    EXEMPLAR_DIR: dir,
    ...(external.temporal ? starting(user, 'TEMPORAL_') : {}),
    ...(external.s3 ? starting(user, 'AWS_') : {}),
  };
}

/** Workers run in folders of their own. */
function keysFile({ [KEYS_FILE_VARIABLE]: path }: NodeJS.ProcessEnv): Record<string, string> {
  return path === undefined || path === '' ? {} : { [KEYS_FILE_VARIABLE]: resolve(path) };
}

/** The simulated model takes any key. */
function simulated(url: string | undefined): Record<string, string> {
  return url === undefined ? {} : { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'simulated' };
}

function starting(env: NodeJS.ProcessEnv, prefix: string): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[0].startsWith(prefix) && entry[1] !== undefined));
}
