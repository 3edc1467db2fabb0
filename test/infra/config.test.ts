import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '../../infra/config.ts';
import { updateState } from '../../infra/dev/state.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'exemplar-config-'));

/** A folder where all local services have been started. */
function started(): string {
  const dir = folder();
  updateState(dir, (file) => {
    file.processes.temporal = { pid: 1, start: '1', spec: '', log: '', address: '' };
    file.addresses = { temporalAddress: '127.0.0.1:7233', uiUrl: 'http://127.0.0.1:8233', s3Endpoint: 'http://127.0.0.1:7070', bucket: 'exemplar', simModelUrl: 'http://127.0.0.1:7071' };
  });
  return dir;
}

test.each([
  ['temporal', 'no Temporal server: run `exemplar up`, or set TEMPORAL_ADDRESS'],
  ['s3', 'no S3: run `exemplar up`, or set AWS_ENDPOINT_URL or AWS credentials'],
  ['model', 'no model: run `exemplar up` for the simulated one, or set ANTHROPIC_API_KEY or ANTHROPIC_BASE_URL'],
] as const)('where nothing says where %s is, asking for it names the variable to set', (part, message) => {
  const config = readConfig(folder(), {});
  expect(() => config[part]).toThrow(message);
});

test.each([
  ['temporal', { TEMPORAL_ADDRESS: 'temporal.example:7233' }, { address: 'temporal.example:7233', namespace: 'default', uiUrl: null }],
  ['s3', { AWS_ENDPOINT_URL: 'https://s3.example', AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' }, { bucket: 'exemplar', endpoint: 'https://s3.example', credentials: { accessKeyId: 'id', secretAccessKey: 'key' } }],
  ['model', { ANTHROPIC_API_KEY: 'key' }, { apiKey: 'key' }],
] as const)('%s needs no other service', (part, env, expected) => {
  expect(readConfig(folder(), env)[part]).toMatchObject(expected);
});

test('credentials that end keep their token', () => {
  const env = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key', AWS_SESSION_TOKEN: 'token' };
  expect(readConfig(folder(), env).s3.credentials).toEqual({ accessKeyId: 'id', secretAccessKey: 'key', sessionToken: 'token' });
});

test('the environment goes before the local services, part by part', () => {
  const config = readConfig(started(), { TEMPORAL_ADDRESS: 'temporal.example:7233', TEMPORAL_NAMESPACE: 'mine' });
  expect(config.temporal).toMatchObject({ address: 'temporal.example:7233', namespace: 'mine', uiUrl: null });
  expect(config.s3).toMatchObject({ endpoint: 'http://127.0.0.1:7070' });
  expect(config.model).toEqual({ apiKey: 'simulated', baseURL: 'http://127.0.0.1:7071' });
  expect(readConfig(started(), {}).temporal.uiUrl).toBe('http://127.0.0.1:8233');
});
