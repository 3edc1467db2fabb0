import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { exemplar } from './exemplar.ts';
import { writeFiles } from './files.ts';

const FOLDER = writeFiles();
let model: Server;
let modelUrl: string;
/** Nobody listens on it: ports of a service's own choice are above 1023. */
const closed = '127.0.0.1:1';

/** A model that knows two keys, and says under one of them that it is simulated. */
beforeAll(async () => {
  model = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    const key = request.headers['x-api-key'] ?? request.headers.authorization?.replace(/^Bearer /, '');
    if (key === 'sim') response.setHeader('x-exemplar-simulated', 'law');
    response.statusCode = key === 'good' || key === 'sim' ? 200 : 401;
    response.end(JSON.stringify(response.statusCode === 200 ? { data: [], has_more: false } : { type: 'error', error: { type: 'authentication_error', message: 'no' } }));
  });
  modelUrl = `http://127.0.0.1:${await listen(model)}`;
});
afterAll(() => new Promise((resolve) => model.close(resolve)));

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** The run's real services, as a user's environment would name them. */
function reachable(): Record<string, string> {
  const { temporalAddress, s3Endpoint, accessKeyId, secretAccessKey, bucket } = inject('services');
  return {
    TEMPORAL_ADDRESS: temporalAddress,
    AWS_ENDPOINT_URL: s3Endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    EXEMPLAR_BUCKET: bucket,
    ANTHROPIC_BASE_URL: modelUrl,
    ANTHROPIC_API_KEY: 'good',
  };
}

async function fails(args: string[], env: Record<string, string>, code = 1): Promise<string> {
  const ran = await exemplar(args, { cwd: FOLDER, env: { ...reachable(), ...env } });
  expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: '' });
  expect(ran.stderr).toMatch(/^exemplar: [^\n]*\n$/);
  return ran.stderr.trimEnd();
}

test('a Temporal server that does not answer is named by its address', async () => {
  expect(await fails(['run', 'campaign.yaml'], { TEMPORAL_ADDRESS: closed })).toBe(`exemplar: cannot reach Temporal at ${closed}: is it running? (\`exemplar up\` starts a local one)`);
});

test('a model that does not answer is named by its origin', async () => {
  expect(await fails(['run', 'campaign.yaml'], { ANTHROPIC_BASE_URL: `http://${closed}` })).toBe(`exemplar: cannot reach the model at http://${closed}: is it running, and is ANTHROPIC_BASE_URL right?`);
});

test('a key that the model refuses names the variable to set', async () => {
  expect(await fails(['run', 'campaign.yaml'], { ANTHROPIC_API_KEY: 'bad' })).toBe(`exemplar: the model at ${modelUrl} refuses the key: set ANTHROPIC_API_KEY (HTTP 401)`);
});

test('an S3 server that does not answer is named by bucket and address', async () => {
  expect(await fails(['verify', 'typed'], { AWS_ENDPOINT_URL: `http://${closed}` })).toBe(
    `exemplar: cannot reach S3: s3://${inject('services').bucket} at http://${closed}: connection refused; is it running, and is AWS_ENDPOINT_URL right?`,
  );
});

test('credentials that S3 refuses name the variables to set', async () => {
  expect(await fails(['verify', 'typed'], { AWS_SECRET_ACCESS_KEY: 'wrong' })).toContain('refuses the credentials (HTTP 403): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
});

test('a bucket that does not exist names the variable to set', async () => {
  expect(await fails(['verify', 'typed'], { EXEMPLAR_BUCKET: 'no-such-bucket' })).toContain('there is no bucket at s3://no-such-bucket');
});

test('a campaign that does not exist is a usage error', async () => {
  const { bucket, s3Endpoint } = inject('services');
  expect(await fails(['pull', 'nobody', 'out'], {}, 2)).toBe(`exemplar: NAME: there is no campaign "nobody" in s3://${bucket} at ${s3Endpoint}; \`exemplar status\` lists those that exist`);
});

test('a model that costs money needs a budget', async () => {
  const folder = writeFiles({ campaign: ({ budget: _, ...file }) => file });
  const { code, stderr } = await exemplar(['run', 'campaign.yaml'], { cwd: folder, env: reachable() });
  expect({ code, stderr }).toEqual({ code: 2, stderr: `exemplar: campaign.yaml: budget: required, because the model at ${modelUrl} is not simulated; give the most you would spend, in USD, or set a cap over all campaigns (exemplar budget cap=USD)\n` });
});

test('a model without a known price needs one in the file', async () => {
  const folder = writeFiles({ campaign: (file) => ({ ...file, model: { name: 'own-model' } }) });
  const { code, stderr } = await exemplar(['run', 'campaign.yaml'], { cwd: folder, env: reachable() });
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('campaign.yaml: model.price: required, because the price table of ') as string });
});

test('the simulated model is sent no situation that belongs to no world', async () => {
  expect(await fails(['run', 'campaign.yaml'], { ANTHROPIC_API_KEY: 'sim' }, 2)).toBe(
    `exemplar: campaign.yaml: situations: number 0 belongs to no world, and the simulated model at ${modelUrl} plays only situations of a world (relief, household); set ANTHROPIC_API_KEY or ANTHROPIC_BASE_URL for others`,
  );
});

test('check names every service that is wrong, not only the first', async () => {
  const { code, stdout } = await exemplar(['check', 'campaign.yaml', '--json'], {
    cwd: FOLDER,
    env: { ...reachable(), TEMPORAL_ADDRESS: closed, EXEMPLAR_BUCKET: 'no-such-bucket', ANTHROPIC_API_KEY: 'bad' },
  });
  expect(code).toBe(1);
  const { findings } = JSON.parse(stdout) as { findings: { what: string; ok: boolean }[] };
  expect(findings.map(({ what, ok }) => `${what} ${ok ? 'ok' : 'wrong'}`)).toEqual(['file ok', 'Temporal wrong', 'S3 wrong', 'model wrong', 'price ok']);
});
