import { readTemporalEnvironment } from '../temporal-environment.ts';
import type { External } from './environment.ts';
import { LOOPBACK } from './ports.ts';
import { BUCKET } from './s3.ts';
import { readCredentials, readStateFile, updateState, type DevServices, type ServiceName, type StateFile } from './state.ts';

/** Writes down where the services are, those that the user's environment names included, and returns it with the keys. */
export function recordAddresses(dir: string, external: External, env: NodeJS.ProcessEnv = {}): DevServices {
  const addresses = { ...localAddresses(readStateFile(dir)), ...namedAddresses(external, env) };
  if (external.model) delete addresses.simModelUrl;
  updateState(dir, (file) => (file.addresses = addresses));
  const keys = external.s3
    ? { accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '', secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '' }
    : readCredentials(dir);
  return { ...addresses, ...keys, dir };
}

function localAddresses({ processes, ports }: StateFile): StateFile['addresses'] {
  const at = (name: ServiceName, port: string) => (processes[name] === undefined ? '' : `${LOOPBACK}:${ports[name]?.[port]}`);
  const http = (address: string) => (address === '' ? '' : `http://${address}`);
  const simModelUrl = http(at('sim-model', 'http'));
  return {
    temporalAddress: at('temporal', 'grpc'),
    uiUrl: http(at('temporal', 'ui')),
    s3Endpoint: http(at('s3', 's3')),
    bucket: BUCKET,
    ...(simModelUrl === '' ? {} : { simModelUrl }),
  };
}

function namedAddresses(external: External, env: NodeJS.ProcessEnv): Partial<StateFile['addresses']> {
  return {
    ...(external.temporal ? { temporalAddress: readTemporalEnvironment(env)?.address ?? '', uiUrl: env['TEMPORAL_UI_URL'] ?? '' } : {}),
    ...(external.s3 ? { s3Endpoint: env['AWS_ENDPOINT_URL'] ?? 'https://s3.amazonaws.com', bucket: env['EXEMPLAR_BUCKET'] ?? BUCKET } : {}),
  };
}
