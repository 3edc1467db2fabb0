import { z } from 'zod';

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable; its value never stands in the file');
const webAddress = z.url({ protocol: /^https?$/, error: 'an address that starts with https://' }).refine(isSafe, { error: 'https, or http on this machine' });

const limits = {
  /** Seconds before a call counts as failed. */
  timeoutS: z.number().positive().max(600).default(20),
  /** UTF-8 bytes of an answer that the model gets to see; the rest is cut off. */
  maxBytes: z.int().min(200).max(200_000).default(20_000),
};

const mcp = {
  /** Prefix of its tools' names. */
  mcp: z.string().regex(/^[a-z][a-z0-9]{0,15}$/, 'up to 16 lower-case letters and digits'),
  /** The server's own names of the tools that the actor may call. */
  allow: z.array(z.string().min(1)).min(1),
  ...limits,
};

/** Units, exact arithmetic, matrices, statistics and algebra. */
export const ComputeSpec = z.strictObject({ builtin: z.literal('compute') });
/** Facts: the built-in ones, or those of a SPARQL endpoint that holds Wikidata's model. */
export const KnowledgeSpec = z.strictObject({ builtin: z.literal('knowledge'), endpoint: webAddress.optional(), ...limits });
export type KnowledgeSpec = z.infer<typeof KnowledgeSpec>;
/** Runs the current plan in the simulated world that its situation comes from. */
export const WorldSpec = z.strictObject({ builtin: z.literal('world') });

/**
 * An MCP server that is started in the folder of the process that asks: the worker's for calls, the shell's for what `check` and `run`
 * list. Both need the variables under `env`.
 */
export const McpCommandSpec = z.strictObject({
  ...mcp,
  command: z.array(z.string().min(1)).min(1),
  /** Environment variables that the server gets to see beside PATH, HOME and the like. */
  env: z.array(variable).default([]),
});
/** An MCP server that is reached over streamable HTTP. */
export const McpAddressSpec = z.strictObject({
  ...mcp,
  url: webAddress,
  /** Header -> environment variable with its value. The value of `authorization` is sent as a bearer token. */
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/, 'a header name'), variable).default({}),
});
export const McpSpec = z.union([McpCommandSpec, McpAddressSpec]);
export type McpSpec = z.infer<typeof McpSpec>;

/** One entry of `tools:` in a campaign file. */
export const ToolSpec = z.union([z.discriminatedUnion('builtin', [ComputeSpec, KnowledgeSpec, WorldSpec]), McpCommandSpec, McpAddressSpec], { error: ({ input }) => unclear(input) });
export type ToolSpec = z.infer<typeof ToolSpec>;

/** What to say of an entry that does not show which kind is meant; undefined where it does, and the fault lies within. */
function unclear(input: unknown): string | undefined {
  const keys = typeof input === 'object' && input !== null && !Array.isArray(input) ? Object.keys(input) : [];
  const has = (key: string) => keys.includes(key);
  if (has('builtin') ? has('mcp') : !keys.some((key) => !(key in limits) && key !== 'allow')) return 'an entry is { builtin } or { mcp, allow } with command or url';
  const misspelt = keys.some((key) => !(key in McpCommandSpec.shape) && !(key in McpAddressSpec.shape));
  return has('mcp') && !misspelt && has('command') === has('url') ? 'an MCP server has either command, which starts it, or url, where it is' : undefined;
}

/** Tokens must not cross a network in the clear. */
function isSafe(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
