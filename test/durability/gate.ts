import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What the way to a model does to calls. `reset`: ends them before the model hears of them. `hang`: swallows them, and says nothing.
 * `half`: resets them in the midst of the answer.
 */
export type GateFault = 'reset' | 'hang' | 'half';

/** Stands before a model's server. While it is shut, answers wait in it: asked for and paid, and not yet told. */
export interface Gate {
  url: string;
  shut(): void;
  open(): void;
  /** Does this to every call from now on; null: to none any more. Calls that hang are reset then. */
  disturb(fault: GateFault | null): void;
  /** Idempotency keys of the calls whose answers have not gone out, one a call; those of callers that are gone drop out. */
  inFlight(): string[];
  /** Idempotency keys of all calls that may have been paid for, in flight or answered; refused ones drop out. */
  asked(): string[];
  /** Paid answers that were broken off. */
  brokenOff(): number;
  close(): Promise<void>;
}

/** `behind` is asked at each call: the model may come back elsewhere. */
export async function startGate(behind: string | (() => string)): Promise<Gate> {
  const inFlight = new Map<ServerResponse, string>();
  const asked = new Set<string>();
  const hanging = new Set<ServerResponse>();
  let opened = Promise.resolve();
  let open = () => {};
  let fault: GateFault | null = null;
  let brokenOff = 0;

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = incoming.headers['idempotency-key'];
    if (fault === 'reset') return void response.destroy();
    if (typeof key === 'string') inFlight.set(response, key);
    response.once('close', () => inFlight.delete(response));
    if (fault === 'hang') return void hanging.add(response);
    if (typeof key === 'string') asked.add(key);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const url = new URL(incoming.url ?? '/', typeof behind === 'string' ? behind : behind());
      incoming.pipe(request(url, { method: incoming.method, headers: incoming.headers }, resolve).once('error', reject));
    });
    if (typeof key === 'string' && answer.statusCode !== 200) asked.delete(key);
    // whoever asks for the list of models only looks whether the server is there, and a refusal costs nothing
    if (typeof key === 'string' && answer.statusCode === 200) await opened;
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.once('error', () => response.destroy());
    if (fault !== 'half' || typeof key !== 'string') return void answer.pipe(response);
    const chunks: Buffer[] = [];
    for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
    const whole = Buffer.concat(chunks);
    response.write(whole.subarray(0, Math.floor(whole.length / 2)), () => response.destroy());
    if (answer.statusCode === 200) brokenOff += 1;
  }

  const server = createServer((incoming, response) => void pass(incoming, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    shut: () => {
      opened = new Promise((resolve) => (open = resolve));
    },
    open: () => open(),
    disturb: (next) => {
      fault = next;
      for (const response of hanging) response.destroy();
      hanging.clear();
    },
    inFlight: () => [...inFlight.values()],
    asked: () => [...asked],
    brokenOff: () => brokenOff,
    close: async () => {
      open();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
