import { createServer, type AddressInfo, type Server } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/** Port name -> number. */
export type Ports = Record<string, number>;

/** For each name the first of its wished ports that is free on loopback, else any free one; all different. */
export async function choosePorts(wishes: Record<string, readonly number[]>): Promise<Ports> {
  const held: Server[] = [];
  const chosen: Ports = {};
  try {
    for (const [name, wished] of Object.entries(wishes)) {
      for (const port of [...wished, 0]) {
        const server = await listen(port);
        if (server === null) continue;
        // held until all are chosen, so that none is given twice
        held.push(server);
        chosen[name] = (server.address() as AddressInfo).port;
        break;
      }
    }
    return chosen;
  } finally {
    await Promise.all(held.map(async (server) => await new Promise((resolve) => server.close(resolve))));
  }
}

export async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server === null) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}

async function listen(port: number): Promise<Server | null> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => resolve(server));
  });
}
