import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { keepSecret } from '../../../activities/secrets.ts';
import type { McpSpec } from '../../../schemas/tools.ts';
import { UsageError } from '../../usage-error.ts';

/** A message or an HTTP answer of more bytes ends the connection. */
export const MOST_WIRE_BYTES = 4 << 20;
const TOO_LARGE = 'exceeded maximum size';

/** Whether a connection ended because the server sent too much at once. */
export const isTooLarge = (error: unknown) => error instanceof Error && error.message.includes(TOO_LARGE);

export interface Line {
  transport: Transport;
  /** The end of what a command wrote to stderr, without the values of the variables that it was given. */
  lastWords: () => string;
}

const TAIL_CHARS = 300;

/** A new connection, not yet started. A command runs in `folder`. @throws UsageError naming a variable that is not set. */
export function openLine(spec: McpSpec, folder: string, env: NodeJS.ProcessEnv): Line {
  if ('url' in spec) return { transport: http(spec.url, secretsOf(spec.mcp, spec.headers, env)), lastWords: () => '' };
  const [command, ...args] = spec.command as [string, ...string[]];
  const secrets = secretsOf(spec.mcp, Object.fromEntries(spec.env.map((name) => [name, name])), env);
  const transport = new StdioClientTransport({ command, args, cwd: folder, env: secrets, stderr: 'pipe', maxBufferSize: MOST_WIRE_BYTES });
  let tail = '';
  transport.stderr?.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-4 * TAIL_CHARS)));
  const lastWords = () => Object.values(secrets).reduce((text, secret) => (secret === '' ? text : text.replaceAll(secret, '***')), tail).trim().slice(-TAIL_CHARS);
  return { transport: transport, lastWords };
}

function secretsOf(server: string, names: Record<string, string>, env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(names).map(([key, name]) => {
      const value = env[name];
      if (value === undefined) throw new UsageError(`tools: ${server}: the environment variable ${name} is not set`);
      keepSecret(value);
      return [key, value];
    }),
  );
}

function http(url: string, values: Record<string, string>): Transport {
  const headers = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, name.toLowerCase() === 'authorization' ? `Bearer ${value}` : value]));
  return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers }, fetch: bounded });
}

async function bounded(url: string | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (response.body === null) return response;
  let bytes = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.length;
      if (bytes > MOST_WIRE_BYTES) controller.error(new Error(`the answer ${TOO_LARGE} of ${MOST_WIRE_BYTES} bytes`));
      else controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(counter), { status: response.status, statusText: response.statusText, headers: response.headers });
}
