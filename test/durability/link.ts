import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { LOOPBACK } from '../../infra/dev/ports.ts';

/** A stretch of network: bytes pass through, unless it is cut. */
export interface Link {
  /** host:port */
  address: string;
  /** Nothing passes any more. Ends of open connections are not told, as where a cable is pulled; new ones are taken and get no answer. */
  cut(): void;
  /** What was held up is lost: connections of before the cut are reset. */
  mend(): void;
  close(): Promise<void>;
}

/** `port` is asked at each new connection: a server may come back elsewhere. */
export async function startLink(port: () => number): Promise<Link> {
  const sockets = new Set<Socket>();
  let isCut = false;

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  }

  const server = createServer((near) => {
    keep(near);
    if (isCut) return void near.pause();
    const far = connect(port(), LOOPBACK);
    keep(far);
    near.pipe(far);
    far.pipe(near);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));

  const reset = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    address: `${LOOPBACK}:${(server.address() as AddressInfo).port}`,
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    mend: () => {
      isCut = false;
      reset();
    },
    close: async () => {
      reset();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
