import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { toFailure } from '../../activities/failures.ts';
import { keepSecret, redacted, redactedError } from '../../activities/secrets.ts';
import { readPayloadKeys } from '../../infra/codec/payload-keys.ts';
import { readCredentials } from '../../infra/dev/state.ts';
import { keepSecretVariables } from '../../infra/secret-variables.ts';

test('a known secret is hidden in every spelling, and words too short to be one are not', () => {
  keepSecret('p@ss/word "1"', 'word', 'simulated', undefined);
  expect(redacted('p@ss/word "1" p%40ss%2Fword%20%221%22 p@ss/word \\"1\\" cEBzcy93b3JkICIxIg==')).toBe('*** *** *** ***');
  expect(redacted('a word of the simulated model')).toBe('a word of the simulated model');
});

test('variables are secrets by their name, and passwords within addresses whatever the name', () => {
  keepSecretVariables({ ANTHROPIC_API_KEY: 'sk-ant-0123', MY_DB_PASSWORD: 'hunter2hunter2', AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_REGION: 'us-east-1', SOME_URL: 'https://me:s%40cret-9@host/path' });
  expect(redacted('sk-ant-0123 hunter2hunter2 s%40cret-9 s@cret-9')).toBe('*** *** *** ***');
  expect(redacted('AKIAEXAMPLE us-east-1 https://host/path')).toBe('AKIAEXAMPLE us-east-1 https://host/path');
});

test('keys of payloads are secrets, and so are the credentials of the S3 server that runs here', () => {
  const key = randomBytes(32).toString('base64');
  readPayloadKeys({ EXEMPLAR_PAYLOAD_KEYS: `k1:${key}` });
  const { accessKeyId, secretAccessKey } = readCredentials(mkdtempSync(join(tmpdir(), 'credentials-')));
  expect(redacted(`${key} ${secretAccessKey}`)).toBe('*** ***');
  expect(redacted(accessKeyId)).toBe(accessKeyId);
});

test('a failure repeats no secret: neither its message, cut or not, nor its causes and their stacks', () => {
  const key = 'sk-ant-failing-0123456789';
  keepSecret(key);
  const inner = new Error(`wrong key ${key}`);
  // the secret would straddle the place where messages are cut
  const failure = toFailure(Object.assign(new Error(`${'x'.repeat(285)} ${key}`, { cause: inner }), { status: 401 })) as ApplicationFailure;
  const chain: string[] = [];
  for (let at: unknown = failure; at instanceof Error; at = at.cause) chain.push(at.message, at.stack ?? '');
  expect(chain.join('\n')).toContain('wrong key ***');
  expect(chain.join('\n')).not.toContain('sk-ant-fail');
  expect(failure.type).toBe('Model.Authentication');
});

test('an error without a secret stays the one it is', () => {
  const error = new Error('no such file');
  expect(redactedError(error)).toBe(error);
});
