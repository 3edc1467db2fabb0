import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { choosePorts, isFree } from '../../../infra/dev/ports.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function taken(host = '127.0.0.1'): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

async function free(): Promise<number> {
  const { port } = await choosePorts({ port: [] });
  return port as number;
}

test('the first wished port that is free is given', async () => {
  const [busy, wished] = [await taken(), await free()];
  expect(await choosePorts({ grpc: [busy, wished] })).toEqual({ grpc: wished });
});

test('a port that another program holds on all addresses counts as taken', async () => {
  expect(await isFree(await taken('0.0.0.0'))).toBe(false);
});

test('names that wish for the same port get different ones', async () => {
  const wished = await free();
  const { grpc, ui } = await choosePorts({ grpc: [wished], ui: [wished] });
  expect(grpc).toBe(wished);
  expect(ui).not.toBe(wished);
  expect(await isFree(ui as number)).toBe(true);
});
