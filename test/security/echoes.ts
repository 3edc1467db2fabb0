import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before a server and refuses requests that `refuses` picks, repeating a secret; hands on all others. */
export interface Echo {
  url: string;
  /** Requests refused so far. */
  refused(): number;
  close(): Promise<void>;
}

export interface Refusal {
  status: number;
  type: string;
  body: string;
}

/** `refuse`: the answer to a request that is turned away, null for one that is handed on; `n` counts those turned away. */
export async function startEcho(behind: string, refuse: (asked: IncomingMessage, n: number) => Refusal | null): Promise<Echo> {
  let refused = 0;
  const server: Server = createServer((asked, response) => {
    const refusal = refuse(asked, refused);
    if (refusal === null) return void pass(behind, asked, response);
    refused += 1;
    asked.resume();
    response.writeHead(refusal.status, { 'content-type': refusal.type }).end(refusal.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused: () => refused,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The request as it came: its signature covers the host that it was sent to. */
function pass(behind: string, asked: IncomingMessage, response: ServerResponse): void {
  const onward = request(new URL(asked.url ?? '/', behind), { method: asked.method, headers: asked.headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.once('error', () => response.destroy());
  asked.pipe(onward);
}
