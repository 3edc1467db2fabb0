import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { readState } from './dev/state.ts';
import { UsageError } from './usage-error.ts';

/** Where everything is. Nothing here is ever logged or written to a history. */
export interface Config {
  /** State of the local services, logs. */
  dir: string;
  temporal: { address: string; namespace: string; uiUrl: string | null };
  s3: { bucket: string; endpoint?: string | undefined; region?: string | undefined; credentials?: { accessKeyId: string; secretAccessKey: string } | undefined };
  model: { apiKey: string; baseURL?: string | undefined };
}

/** Key that the local simulated model is called with: it takes any. */
const SIMULATED_KEY = 'simulated';

/**
 * Environment first (with `.env` below it), then the local services that `exemplar up` started.
 * @throws UsageError naming the variable to set when neither says where a service is.
 */
export function readConfig(options: { dir?: string; env?: NodeJS.ProcessEnv } = {}): Config {
  const dir = options.dir ?? join(process.cwd(), '.exemplar');
  const env = { ...dotEnv(join(process.cwd(), '.env')), ...(options.env ?? process.env) };
  const local = readState(dir)?.services;
  const address = env['TEMPORAL_ADDRESS'] ?? local?.temporalAddress;
  if (address === undefined) throw new UsageError('no Temporal server: run `exemplar up`, or set TEMPORAL_ADDRESS');
  const ownS3 = env['AWS_ENDPOINT_URL'] !== undefined || env['AWS_ACCESS_KEY_ID'] !== undefined || env['AWS_PROFILE'] !== undefined;
  if (!ownS3 && local === undefined) throw new UsageError('no S3: run `exemplar up`, or set AWS_ENDPOINT_URL or AWS credentials');
  const ownModel = env['ANTHROPIC_API_KEY'] !== undefined || env['ANTHROPIC_BASE_URL'] !== undefined;
  if (!ownModel && local?.simModelUrl === undefined) throw new UsageError('no model: run `exemplar up` for the simulated one, or set ANTHROPIC_API_KEY or ANTHROPIC_BASE_URL');
  return {
    dir,
    temporal: {
      address,
      namespace: env['TEMPORAL_NAMESPACE'] ?? 'default',
      uiUrl: env['TEMPORAL_UI_URL'] ?? (address === local?.temporalAddress ? local.uiUrl : null),
    },
    s3: ownS3
      ? { bucket: env['EXEMPLAR_BUCKET'] ?? 'exemplar', endpoint: env['AWS_ENDPOINT_URL'], region: env['AWS_REGION'], credentials: keys(env) }
      : { bucket: env['EXEMPLAR_BUCKET'] ?? local!.bucket, endpoint: local!.s3Endpoint, credentials: { accessKeyId: local!.accessKeyId, secretAccessKey: local!.secretAccessKey } },
    model: ownModel
      ? { apiKey: env['ANTHROPIC_API_KEY'] ?? SIMULATED_KEY, baseURL: env['ANTHROPIC_BASE_URL'] }
      : { apiKey: SIMULATED_KEY, baseURL: local!.simModelUrl },
  };
}

function keys(env: NodeJS.ProcessEnv): { accessKeyId: string; secretAccessKey: string } | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  // without these the SDK's own chain (profiles, instance roles) decides
  return accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey };
}

function dotEnv(path: string): NodeJS.ProcessEnv {
  return existsSync(path) ? (parseEnv(readFileSync(path, 'utf8'))) : {};
}
