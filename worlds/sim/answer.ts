import { contentHash } from '../../schemas/canonical.ts';
import type { Law } from '../../schemas/law.ts';
import { ANSWER_TOOL } from '../../schemas/prompt.ts';
import { pick, rngOf } from '../rng.ts';
import { act } from './actor.ts';
import { invalidRequest } from './api-error.ts';
import { faultError, faultOf, type Fault } from './faults.ts';
import { atLength } from './length.ts';
import { promptParts, type PromptParts } from './prompt-parts.ts';
import { forcedTool, type MessagesRequest } from './request.ts';
import { schemaFault, smallest } from './structured.ts';
import { tokensOf } from './usage.ts';

/** What the model says: text, the input of a forced tool, or nothing. */
export type Content = { kind: 'text'; text: string } | { kind: 'tool'; name: string; input: unknown; json: string } | { kind: 'none' };

export interface Answer {
  content: Content;
  stopReason: 'end_turn' | 'tool_use' | 'max_tokens' | 'refusal';
  outputTokens: number;
  /** What goes wrong with it on its way. */
  way?: 'hang' | 'halfAnswer';
}

const hashes = new WeakMap<MessagesRequest, string>();

/** Hash of what a request asks; how the answer travels (streamed or not) and what is to be cached do not count. */
export function bodyHash(request: MessagesRequest): string {
  let hash = hashes.get(request);
  if (hash === undefined) {
    const { stream: _, ...asked } = request;
    hash = contentHash(JSON.parse(JSON.stringify(asked, (key, value: unknown) => (key === 'cache_control' ? undefined : value))));
    hashes.set(request, hash);
  }
  return hash;
}

/**
 * The answer to a request under a law: the same for the same request, except that a body drawn for a fault fails the first times
 * it is seen. `times`: how often it was seen before.
 * @throws ApiError for anything that the service would answer with an error.
 */
export function answer(request: MessagesRequest, law: Law, times = 0): Answer {
  const fault = faultOf(bodyHash(request), times, law);
  const given = whole(request, law, fault);
  return fault === 'hang' || fault === 'halfAnswer' ? { ...given, way: fault } : given;
}

function whole(request: MessagesRequest, law: Law, fault: Fault | null): Answer {
  const format = request.output_config?.format;
  const tool = forcedTool(request);
  if (format) refuseOutside('output_config.format', format.schema);
  for (const [i, { strict, input_schema }] of request.tools.entries()) if (strict) refuseOutside(`tools.${i}.input_schema`, input_schema);
  const hash = bodyHash(request);
  const error = faultError(fault);
  if (error) throw error;
  if (fault === 'refusal') return { content: { kind: 'none' }, stopReason: 'refusal', outputTokens: 1 };

  const parts = promptParts(request);
  const call = toolCall(request, parts, law, hash);
  if (call !== null) return call;
  const schema = tool?.input_schema ?? format?.schema;
  let output: unknown;
  if (parts.step !== undefined || parts.situation !== undefined) output = atLength(act(parts, law, hash), parts.step?.kind, law);
  else output = schema ? smallest(schema) : null;
  return spoken(output === null ? 'This is the simulated model.' : JSON.stringify(output), tool?.name ?? null, fault, request.max_tokens);
}

/** A call of one of the tools offered, by the law's chance, where none has been called in this step. */
function toolCall(request: MessagesRequest, { step }: PromptParts, law: Law, hash: string): Answer | null {
  const offered = request.tools.filter(({ name }) => name !== ANSWER_TOOL);
  const called = request.messages.some(({ content }) => content.some(({ type }) => type === 'tool_result'));
  const rng = rngOf(`tools/${hash}`);
  if (step === undefined || offered.length === 0 || called || rng() >= law.toolUse) return null;
  const { name, input_schema: schema } = pick(offered, rng);
  const input = toolInput(schema, request);
  const json = JSON.stringify(input);
  return { content: { kind: 'tool', name, input, json }, stopReason: 'tool_use', outputTokens: tokensOf(json) };
}

/** The smallest input that the tool takes, with a sum to work out where it wants an expression, and a word to look up where it wants a query. */
function toolInput(schema: Record<string, unknown>, request: MessagesRequest): unknown {
  const input = smallest(schema);
  if (typeof input !== 'object' || input === null) return {};
  return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, key === 'expression' ? `1/3 + 1/${3 + request.messages.length}` : key === 'query' ? 'density of copper' : value]));
}

function refuseOutside(field: string, schema: Record<string, unknown>): void {
  const fault = schemaFault(schema);
  if (fault !== null) throw invalidRequest(`${field}.${fault}`);
}

function spoken(text: string, tool: string | null, fault: Fault | null, maxTokens: number): Answer {
  const all = fault === 'malformed' ? malformed(text) : text;
  const most = fault === 'truncated' ? Math.min(maxTokens, Math.ceil(tokensOf(all) / 2)) : maxTokens;
  const cut = tokensOf(all) > most;
  const said = cut ? all.slice(0, 4 * most) : all;
  const outputTokens = tokensOf(said);
  if (tool !== null) return { content: { kind: 'tool', name: tool, input: readable(said), json: said }, stopReason: cut ? 'max_tokens' : 'tool_use', outputTokens };
  return { content: said === '' ? { kind: 'none' } : { kind: 'text', text: said }, stopReason: cut ? 'max_tokens' : 'end_turn', outputTokens };
}

/** JSON with a comma too many and its end lost. */
function malformed(text: string): string {
  return text.slice(0, -2).replace(',', ',,');
}

/** The input of a tool call as the service gives it: an object in any case. */
function readable(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}
