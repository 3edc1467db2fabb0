import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import { existsSync } from 'node:fs';
import { UsageError } from './usage-error.ts';

/** How to speak to a Temporal server beside its address: TLS, client certificate, API key, headers. */
export type TemporalConnection = Pick<ClientConnectConfig['connectionOptions'], 'tls' | 'apiKey' | 'metadata'>;

/** A server that the environment names. */
export interface NamedTemporal {
  /** host:port */
  address: string;
  namespace: string;
  connection: TemporalConnection;
}

/** Variables that name a server; the others of Temporal's own set only say how to reach it. */
const NAMING = ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'];

export function namesTemporal(env: NodeJS.ProcessEnv): boolean {
  return NAMING.some((name) => env[name] !== undefined);
}

/**
 * The server that the environment names by Temporal's own variables (TEMPORAL_ADDRESS, TEMPORAL_API_KEY, TEMPORAL_TLS_..., as its
 * other tools read them); null where it names none. A file of profiles counts only where TEMPORAL_PROFILE or TEMPORAL_CONFIG_FILE
 * asks for it: one that lies in its usual place must not stand in for the local services.
 * @throws UsageError naming the variables, where a file or certificate cannot be read or no address results.
 */
export function readTemporalEnvironment(env: NodeJS.ProcessEnv): NamedTemporal | null {
  if (!namesTemporal(env)) return null;
  const file = env['TEMPORAL_CONFIG_FILE'];
  if (file !== undefined && file !== '' && !existsSync(file)) throw new UsageError(`TEMPORAL_CONFIG_FILE: no such file: ${file}`);
  const { namespace = 'default', connectionOptions } = load(env);
  const { address, tls, apiKey, metadata } = connectionOptions;
  if (address === undefined) throw new UsageError('TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE: the profile has no address; set TEMPORAL_ADDRESS');
  const connection = { ...(tls === undefined ? {} : { tls }), ...(apiKey === undefined ? {} : { apiKey }), ...(metadata === undefined ? {} : { metadata }) };
  return { address, namespace, connection };
}

function load(env: NodeJS.ProcessEnv): ClientConnectConfig {
  const disableFile = env['TEMPORAL_PROFILE'] === undefined && env['TEMPORAL_CONFIG_FILE'] === undefined;
  const overrideEnvVars = Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
  try {
    return loadClientConnectConfig({ disableFile, overrideEnvVars });
  } catch (cause) {
    // the package trips over a file without any profile
    const [line] = cause instanceof TypeError ? ['the file holds no profile'] : (cause as Error).message.split('\n');
    throw new UsageError(`TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE or TEMPORAL_TLS_*: ${line}`, { cause });
  }
}
