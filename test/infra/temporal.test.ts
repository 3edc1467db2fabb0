import { createServer, type AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { expect, inject, onTestFinished, test } from 'vitest';
import { connectTemporal, startOnce } from '../../infra/temporal.ts';

async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

test('an address where nobody listens is refused at once, not when gRPC gives up', async () => {
  const address = await closedPort();
  const began = performance.now();
  await expect(connectTemporal({ temporal: { address, namespace: 'default', uiUrl: null } })).rejects.toThrow(
    `cannot reach Temporal at ${address}: is it running? (\`exemplar up\` starts a local one)`,
  );
  expect(performance.now() - began).toBeLessThan(2_000);
});

test('a workflow that runs under an id is not started a second time', async () => {
  const connection = await Connection.connect({ address: inject('services').temporalAddress });
  onTestFinished(async () => await connection.close());
  const client = new Client({ connection });
  const workflowId = randomUUID();
  expect(await startOnce(client, 'waits', { workflowId })).toBe(true);
  expect(await startOnce(client, 'waits', { workflowId })).toBe(false);
  await client.workflow.getHandle(workflowId).terminate();
  expect(await startOnce(client, 'waits', { workflowId })).toBe(true);
});
