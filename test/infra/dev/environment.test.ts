import { expect, test } from 'vitest';
import { baseEnvironment, externalServices, workerEnvironment } from '../../../infra/dev/environment.ts';
import type { DevServices } from '../../../infra/dev/state.ts';

const LOCAL: DevServices = {
  temporalAddress: '127.0.0.1:7233',
  uiUrl: 'http://127.0.0.1:8233',
  s3Endpoint: 'http://127.0.0.1:7070',
  accessKeyId: 'id',
  secretAccessKey: 'secret',
  bucket: 'exemplar',
  simModelUrl: 'http://127.0.0.1:7071',
  dir: '/project/.exemplar',
};

test('started processes see nothing of the services that the environment names', () => {
  const env = { PATH: '/bin', TEMPORAL_ADDRESS: 'x', AWS_PROFILE: 'x', ANTHROPIC_API_KEY: 'x', EXEMPLAR_BUCKET: 'x', VGW_PORT: 'x' };
  expect(baseEnvironment(env)).toEqual({ PATH: '/bin' });
});

test('without the user’s environment all is embedded', () => {
  const external = externalServices();
  expect(external).toEqual({ temporal: false, s3: false, model: false });
  expect(workerEnvironment(LOCAL, external)).toEqual({
    EXEMPLAR_DIR: '/project/.exemplar',
    EXEMPLAR_BUCKET: 'exemplar',
    TEMPORAL_ADDRESS: '127.0.0.1:7233',
    TEMPORAL_NAMESPACE: 'default',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:7070',
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_REGION: 'us-east-1',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:7071',
    ANTHROPIC_API_KEY: 'simulated',
  });
});

test('a service that the user names is used with all its variables, the others stay local', () => {
  const user = { TEMPORAL_API_KEY: 'stray', AWS_SESSION_TOKEN: 'stray', ANTHROPIC_API_KEY: 'key', HOME: '/root' };
  const external = externalServices(user);
  expect(external).toEqual({ temporal: false, s3: false, model: true });
  expect(externalServices({ TEMPORAL_PROFILE: 'cloud' }).temporal).toBe(true);
  const env = workerEnvironment(LOCAL, external, user);
  expect(env).toMatchObject({ ANTHROPIC_API_KEY: 'key', TEMPORAL_ADDRESS: '127.0.0.1:7233', AWS_ACCESS_KEY_ID: 'id' });
  for (const name of ['ANTHROPIC_BASE_URL', 'TEMPORAL_API_KEY', 'AWS_SESSION_TOKEN', 'HOME']) expect(env).not.toHaveProperty(name);
});
