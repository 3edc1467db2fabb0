import { contentHash } from '../../schemas/canonical.ts';
import type { Law } from '../../schemas/law.ts';
import { act } from './actor.ts';
import { invalidRequest } from './api-error.ts';
import { faultError, faultOf, type Fault } from './faults.ts';
import { promptParts } from './prompt-parts.ts';
import { forcedTool, type MessagesRequest } from './request.ts';
import { schemaFault, smallest } from './structured.ts';
import { tokensOf } from './usage.ts';

/** What the model says: text, the input of a forced tool, or nothing. */
export type Content = { kind: 'text'; text: string } | { kind: 'tool'; name: string; input: unknown; json: string } | { kind: 'none' };

export interface Answer {
  content: Content;
  stopReason: 'end_turn' | 'tool_use' | 'max_tokens' | 'refusal';
  outputTokens: number;
}

/** Hash of what a request asks; how the answer travels (streamed or not) does not count. */
export function bodyHash({ stream: _, ...asked }: MessagesRequest): string {
  return contentHash(asked);
}

/**
 * The answer to a request under a law: the same for the same request, except that a body drawn for a fault fails the first times
 * it is seen. `times`: how often it was seen before.
 * @throws ApiError for anything that the service would answer with an error.
 */
export function answer(request: MessagesRequest, law: Law, times = 0): Answer {
  const format = request.output_config?.format;
  const tool = forcedTool(request);
  if (format) refuseOutside('output_config.format', format.schema);
  for (const [i, { strict, input_schema }] of request.tools.entries()) if (strict) refuseOutside(`tools.${i}.input_schema`, input_schema);
  const hash = bodyHash(request);
  const fault = faultOf(hash, times, law);
  const error = faultError(fault);
  if (error) throw error;
  if (fault === 'refusal') return { content: { kind: 'none' }, stopReason: 'refusal', outputTokens: 1 };

  const parts = promptParts(request);
  const schema = tool?.input_schema ?? format?.schema;
  let output: unknown;
  if (parts.step !== undefined || parts.situation !== undefined) output = act(parts, law, hash);
  else output = schema ? smallest(schema) : null;
  return spoken(output === null ? 'This is the simulated model.' : JSON.stringify(output), tool?.name ?? null, fault, request.max_tokens);
}

function refuseOutside(field: string, schema: Record<string, unknown>): void {
  const fault = schemaFault(schema);
  if (fault !== null) throw invalidRequest(`${field}.${fault}`);
}

function spoken(text: string, tool: string | null, fault: Fault | null, maxTokens: number): Answer {
  const whole = fault === 'malformed' ? malformed(text) : text;
  const most = fault === 'truncated' ? Math.min(maxTokens, Math.ceil(tokensOf(whole) / 2)) : maxTokens;
  const cut = tokensOf(whole) > most;
  const said = cut ? whole.slice(0, 4 * most) : whole;
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
