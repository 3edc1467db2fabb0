import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before a model's server. While it is shut, answers wait in it: asked for and paid, and not yet told. */
export interface Gate {
  url: string;
  shut(): void;
  open(): void;
  /** Idempotency keys of the calls whose answers have not gone out, one a call; those of callers that are gone drop out. */
  inFlight(): string[];
  close(): Promise<void>;
}

export async function startGate(behind: string): Promise<Gate> {
  const inFlight = new Map<ServerResponse, string>();
  let opened = Promise.resolve();
  let open = () => {};

  async function pass(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = asked.headers['idempotency-key'];
    if (typeof key === 'string') inFlight.set(response, key);
    response.once('close', () => inFlight.delete(response));
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      asked.pipe(request(new URL(asked.url ?? '/', behind), { method: asked.method, headers: asked.headers }, resolve).once('error', reject));
    });
    // whoever asks for the list of models only looks whether the server is there
    if (typeof key === 'string') await opened;
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  }

  const server = createServer((asked, response) => void pass(asked, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    shut: () => {
      opened = new Promise((resolve) => (open = resolve));
    },
    open: () => open(),
    inFlight: () => [...inFlight.values()],
    close: async () => {
      open();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
