import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { readConfig } from '../../infra/config.ts';
import { connectTemporal } from '../../infra/temporal.ts';
import { readTemporalEnvironment } from '../../infra/temporal-environment.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'exemplar-tls-'));
const file = (name: string) => join(FOLDER, name);
const pem = (name: string) => readFileSync(file(name));

/** An authority, and a certificate by it for the server and one for a client. */
beforeAll(() => {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: FOLDER, stdio: 'pipe' });
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=authority', '-keyout', 'ca.key', '-out', 'ca.pem');
  writeFileSync(file('names'), 'subjectAltName=DNS:temporal.test');
  for (const name of ['server', 'client']) {
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    openssl('x509', '-req', '-days', '2', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-out', `${name}.pem`);
  }
});

/** The run's Temporal server behind TLS that asks for a client's certificate, as an address. */
async function behindTls(): Promise<string> {
  const port = Number(inject('services').temporalAddress.split(':')[1]);
  const server = createServer({ key: pem('server.key'), cert: pem('server.pem'), ca: pem('ca.pem'), requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] }, (socket) => {
    const plain = connect(port, '127.0.0.1');
    socket.pipe(plain).pipe(socket);
    socket.once('error', () => plain.destroy());
    plain.once('error', () => socket.destroy());
  });
  // a caller without a certificate is turned away
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const tls = () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: file('ca.pem'), TEMPORAL_TLS_SERVER_NAME: 'temporal.test' });
const certificate = () => ({ TEMPORAL_TLS_CLIENT_CERT_PATH: file('client.pem'), TEMPORAL_TLS_CLIENT_KEY_PATH: file('client.key') });

test('a server behind TLS is reached with a client certificate', async () => {
  const config = readConfig(FOLDER, { TEMPORAL_ADDRESS: await behindTls(), ...tls(), ...certificate() });
  const client = await connectTemporal(config);
  onTestFinished(async () => await client.connection.close());
  expect((await client.workflowService.describeNamespace({ namespace: 'default' })).namespaceInfo?.name).toBe('default');
});

test('and not without one', async () => {
  const config = readConfig(FOLDER, { TEMPORAL_ADDRESS: await behindTls(), ...tls() });
  await expect(connectTemporal(config)).rejects.toThrow(/^cannot reach Temporal at /);
});

test('an API key goes out over TLS, and a refusal of it names the variables to set', async () => {
  const keys: unknown[] = [];
  const server = createSecureServer({ key: pem('server.key'), cert: pem('server.pem') }).on('stream', (stream, headers) => {
    keys.push(headers.authorization);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16', 'grpc-message': 'no' }, { endStream: true });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = readConfig(FOLDER, { TEMPORAL_ADDRESS: address, TEMPORAL_API_KEY: 'secret', ...tls() });
  await expect(connectTemporal(config)).rejects.toThrow(
    `Temporal at ${address} refuses the credentials: set TEMPORAL_API_KEY, or TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH`,
  );
  expect(new Set(keys)).toEqual(new Set(['Bearer secret']));
});

test('a profile gives address, namespace and key; the environment goes before it', () => {
  writeFileSync(file('temporal.toml'), '[profile.cloud]\naddress = "cloud.example:7233"\nnamespace = "ours"\napi_key = "key"\n');
  const env = { TEMPORAL_CONFIG_FILE: file('temporal.toml'), TEMPORAL_PROFILE: 'cloud' };
  expect(readTemporalEnvironment(env)).toEqual({ address: 'cloud.example:7233', namespace: 'ours', connection: { apiKey: 'key', tls: true } });
  expect(readTemporalEnvironment({ ...env, TEMPORAL_NAMESPACE: 'mine', TEMPORAL_TLS: 'false' })).toMatchObject({ namespace: 'mine', connection: { tls: false } });
});

test('a file of profiles in its usual place does not stand in for the local services', () => {
  const env = { XDG_CONFIG_HOME: FOLDER, HOME: FOLDER };
  expect(readTemporalEnvironment(env)).toBeNull();
  expect(readTemporalEnvironment({ ...env, TEMPORAL_ADDRESS: 'plain.example:7233' })).toEqual({ address: 'plain.example:7233', namespace: 'default', connection: {} });
});

test.each([
  [{ TEMPORAL_PROFILE: 'none', TEMPORAL_CONFIG_FILE: file('bare.toml') }, /^TEMPORAL_PROFILE, .*'none' not found/],
  [{ TEMPORAL_ADDRESS: 'a:1', TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/no/such.pem' }, /TEMPORAL_TLS_\*: .*\/no\/such\.pem/],
  [{ TEMPORAL_CONFIG_FILE: file('bare.toml') }, /the profile has no address; set TEMPORAL_ADDRESS/],
  [{ TEMPORAL_CONFIG_FILE: '/dev/null' }, /the file holds no profile$/],
  [{ TEMPORAL_CONFIG_FILE: '/no/such.toml' }, /^TEMPORAL_CONFIG_FILE: no such file: \/no\/such\.toml$/],
])('what cannot be read is said in a line: %o', (env, line) => {
  writeFileSync(file('bare.toml'), '[profile.default]\nnamespace = "ours"\n');
  expect(() => readTemporalEnvironment(env)).toThrow(line);
});
