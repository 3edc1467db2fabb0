import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { jsonSchemaValidator as AnyValue } from '@modelcontextprotocol/sdk/validation/types.js';
import { ErrorCode, McpError, type Tool as ServerTool } from '@modelcontextprotocol/sdk/types.js';
import type { McpSpec } from '../../../schemas/tools.ts';
import { oneLine } from '../answers.ts';
import { isTooLarge, MOST_WIRE_BYTES, openLine } from './transport.ts';

const MOST_PAGES = 20;
/** A server may load much before it answers for the first time. */
const START_MS = 60_000;

/** What a call came to: the server's result, or a failure that calling again would not mend. */
export type CallOutcome = { content: unknown[]; structured: unknown; isError: boolean } | { failed: string };

interface Open {
  client: Client;
  /** Why the connection broke, where the SDK said so. */
  fault: Error | null;
  lastWords: () => string;
}

/** One MCP server, started at the first use. A server that died is started again once for each call. */
export class McpConnection {
  readonly #spec: McpSpec;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  #open: Promise<Open> | null = null;

  constructor(spec: McpSpec, folder: string, env: NodeJS.ProcessEnv) {
    this.#spec = spec;
    this.#folder = folder;
    this.#env = env;
  }

  /** Every tool that the server has. @throws Error where it cannot be reached. */
  async tools(): Promise<ServerTool[]> {
    const tools: ServerTool[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const answer = await (await this.#connected()).client.listTools(cursor === undefined ? {} : { cursor }, { timeout: this.#timeoutMs }).catch((error: unknown) => {
        throw this.#unreachable(error, '');
      });
      tools.push(...answer.tools);
      cursor = answer.nextCursor;
      if (cursor === undefined) break;
    }
    return tools;
  }

  /** @throws Error where the server cannot be reached, even after a restart; the signal's reason. */
  async call(tool: string, input: Record<string, unknown>, signal: AbortSignal): Promise<CallOutcome> {
    const first = await this.#callOnce(tool, input, signal);
    if (!(first instanceof Error)) return first;
    const second = await this.#callOnce(tool, input, signal);
    if (second instanceof Error) throw second;
    return second;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await (await open?.catch(() => undefined))?.client.close().catch(() => undefined);
  }

  get #timeoutMs(): number {
    return this.#spec.timeoutS * 1000;
  }

  /** An Error is returned where the connection is gone. */
  async #callOnce(tool: string, input: Record<string, unknown>, signal: AbortSignal): Promise<CallOutcome | Error> {
    signal.throwIfAborted();
    const open = await this.#connected();
    try {
      // the SDK never takes its listener off again
      const limits = { timeout: this.#timeoutMs, maxTotalTimeout: this.#timeoutMs, signal: AbortSignal.any([signal]) };
      const result = await open.client.callTool({ name: tool, arguments: input }, undefined, limits);
      return { content: Array.isArray(result.content) ? result.content : [], structured: result.structuredContent, isError: result.isError === true };
    } catch (error) {
      signal.throwIfAborted();
      const code = error instanceof McpError ? (error.code as ErrorCode) : undefined;
      if (code !== undefined && code !== ErrorCode.ConnectionClosed && code !== ErrorCode.RequestTimeout) return { failed: oneLine((error as Error).message, 500) };
      // a server that hangs would hang for the next call too
      await this.#drop(open);
      if (code === ErrorCode.RequestTimeout) return { failed: `no answer within ${this.#spec.timeoutS} s` };
      if (isTooLarge(error) || isTooLarge(open.fault)) return { failed: `the server sent more than ${MOST_WIRE_BYTES} bytes at once` };
      return this.#unreachable(error, open.lastWords());
    }
  }

  async #connected(): Promise<Open> {
    this.#open ??= this.#connect();
    const open = this.#open;
    try {
      return await open;
    } catch (error) {
      if (this.#open === open) this.#open = null;
      throw error;
    }
  }

  async #connect(): Promise<Open> {
    const { transport, lastWords } = openLine(this.#spec, this.#folder, this.#env);
    // what a server returns is text for the model, whatever it says of its structure
    const jsonSchemaValidator: AnyValue = { getValidator: () => (value: unknown) => ({ valid: true, data: value as never, errorMessage: undefined }) };
    const open: Open = { client: new Client({ name: 'exemplar', version: '1' }, { jsonSchemaValidator }), fault: null, lastWords };
    open.client.onerror = (error) => {
      // what follows the first fault follows from it
      open.fault ??= error;
      if (isTooLarge(error)) void open.client.close();
    };
    try {
      await open.client.connect(transport, { timeout: Math.max(START_MS, this.#timeoutMs) });
    } catch (error) {
      await open.client.close().catch(() => undefined);
      throw this.#unreachable(error, lastWords());
    }
    return open;
  }

  async #drop(open: Open): Promise<void> {
    if ((await this.#open?.catch(() => null)) === open) this.#open = null;
    await open.client.close().catch(() => undefined);
  }

  #unreachable(cause: unknown, lastWords: string): Error {
    const where = 'url' in this.#spec ? this.#spec.url : (this.#spec.command[0] ?? '');
    const why = [(cause as Error).message, lastWords].filter((part) => part !== '').join(': ');
    return new Error(oneLine(`MCP server ${this.#spec.mcp} (${where}) cannot be reached: ${why}`, 600), { cause });
  }
}
