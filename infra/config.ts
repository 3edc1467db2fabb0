import { readPayloadKeys, type PayloadKeys } from './codec/payload-keys.ts';
import { readState, type DevServices } from './dev/state.ts';
import { keepSecretVariables } from './secret-variables.ts';
import { readTemporalEnvironment, type TemporalConnection } from './temporal-environment.ts';
import { NotConfigured, UsageError } from './usage-error.ts';

/** Where everything is. Nothing here is ever logged or written to a history. */
export interface Config {
  /** State of the local services, logs. */
  dir: string;
  temporal: { address: string; namespace: string; uiUrl: string | null; connection?: TemporalConnection; payloadKeys?: PayloadKeys | null };
  s3: { bucket: string; endpoint?: string | undefined; region?: string | undefined; credentials?: Credentials | undefined };
  model: { apiKey: string; baseURL?: string | undefined };
}

interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** Of credentials that end. */
  sessionToken?: string | undefined;
}

/** Key that the local simulated model is called with: it takes any. */
const SIMULATED_KEY = 'simulated';

/**
 * Where the environment says that services are, else the local ones that `exemplar up` started. Each part is looked up when it is
 * asked for: a verb needs only the services that it uses. A part @throws NotConfigured naming the variable to set when neither says
 * where its service is.
 */
export function readConfig(dir: string, env: NodeJS.ProcessEnv): Config {
  keepSecretVariables(env);
  const local = readState(dir)?.services;
  return {
    dir,
    get temporal() {
      return temporalConfig(env, local);
    },
    get s3() {
      return s3Config(env, local);
    },
    get model() {
      return modelConfig(env, local);
    },
  };
}

function temporalConfig(env: NodeJS.ProcessEnv, local?: DevServices): Config['temporal'] {
  const named = readTemporalEnvironment(env);
  const address = named?.address ?? local?.temporalAddress;
  if (address === undefined) throw new NotConfigured('no Temporal server: run `exemplar up`, or set TEMPORAL_ADDRESS');
  return {
    address,
    namespace: named?.namespace ?? env['TEMPORAL_NAMESPACE'] ?? 'default',
    uiUrl: env['TEMPORAL_UI_URL'] ?? (address === local?.temporalAddress ? local.uiUrl : null),
    // a stray API key must not turn TLS on for the local server
    connection: named?.connection ?? {},
    payloadKeys: readPayloadKeys(env),
  };
}

function s3Config(env: NodeJS.ProcessEnv, local?: DevServices): Config['s3'] {
  const bucket = env['EXEMPLAR_BUCKET'];
  if (env['AWS_ENDPOINT_URL'] !== undefined || env['AWS_ACCESS_KEY_ID'] !== undefined || env['AWS_PROFILE'] !== undefined) {
    return { bucket: bucket ?? 'exemplar', endpoint: urlOf(env, 'AWS_ENDPOINT_URL'), region: env['AWS_REGION'], credentials: keys(env) };
  }
  if (local === undefined) throw new NotConfigured('no S3: run `exemplar up`, or set AWS_ENDPOINT_URL or AWS credentials');
  return { bucket: bucket ?? local.bucket, endpoint: local.s3Endpoint, credentials: { accessKeyId: local.accessKeyId, secretAccessKey: local.secretAccessKey } };
}

function keys(env: NodeJS.ProcessEnv): Credentials | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  // without these the SDK's own chain (profiles, instance roles) decides
  return accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey, sessionToken: env['AWS_SESSION_TOKEN'] };
}

function modelConfig(env: NodeJS.ProcessEnv, local?: DevServices): Config['model'] {
  if (env['ANTHROPIC_API_KEY'] !== undefined || env['ANTHROPIC_BASE_URL'] !== undefined) {
    return { apiKey: env['ANTHROPIC_API_KEY'] ?? SIMULATED_KEY, baseURL: urlOf(env, 'ANTHROPIC_BASE_URL') };
  }
  if (local?.simModelUrl === undefined) throw new NotConfigured('no model: run `exemplar up` for the simulated one, or set ANTHROPIC_API_KEY or ANTHROPIC_BASE_URL');
  return { apiKey: SIMULATED_KEY, baseURL: local.simModelUrl };
}

function urlOf(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const text = env[name];
  if (text === undefined || /^https?:\/\/[^/]/.test(text) && URL.canParse(text)) return text;
  throw new UsageError(`${name}: scheme, host and port, such as http://127.0.0.1:8000 (is ${JSON.stringify(text)})`);
}
