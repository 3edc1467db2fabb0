import { z } from 'zod';
import { invalidRequest } from './api-error.ts';

const CacheControl = z.object({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() });
export type CacheControl = z.infer<typeof CacheControl>;

const TextBlock = z.object({
  type: z.literal('text'),
  text: z.string().min(1, 'text content blocks must be non-empty'),
  cache_control: CacheControl.nullish(),
});
type TextBlock = z.infer<typeof TextBlock>;
const ToolUseBlock = z.object({
  type: z.literal('tool_use'),
  id: z.string().min(1),
  name: z.string().min(1),
  input: z.unknown(),
  cache_control: CacheControl.nullish(),
});
const ToolResultBlock = z.object({
  type: z.literal('tool_result'),
  tool_use_id: z.string().min(1),
  content: z.union([z.string(), z.array(TextBlock)]).optional(),
  is_error: z.boolean().optional(),
  cache_control: CacheControl.nullish(),
});
const Block = z.discriminatedUnion('type', [TextBlock, ToolUseBlock, ToolResultBlock]);
export type Block = z.infer<typeof Block>;
const blocks = (text: string): TextBlock[] => (text === '' ? [] : [{ type: 'text', text }]);
const Content = z.union([z.string().min(1, 'content must be non-empty').transform(blocks), z.array(Block).min(1)]);
const Tool = z.object({
  name: z.string().min(1).max(128),
  description: z.string().optional(),
  /** The input must meet the schema, which must then be of the subset for structured output. */
  strict: z.boolean().default(false),
  input_schema: z.looseObject({ type: z.literal('object') }),
  cache_control: CacheControl.nullish(),
});

/** The part of the Messages API's request that is understood here; other fields are let pass, as the model does not look at them. */
const CountTokensBody = z.looseObject({
  model: z.string().min(1),
  messages: z.array(z.object({ role: z.enum(['user', 'assistant']), content: Content })).min(1),
  system: z.union([z.string().transform(blocks), z.array(TextBlock)]).default([]),
  tools: z.array(Tool).default([]),
  tool_choice: z.looseObject({ type: z.enum(['auto', 'any', 'tool', 'none']), name: z.string().optional() }).optional(),
  output_config: z.looseObject({ format: z.object({ type: z.literal('json_schema'), schema: z.record(z.string(), z.unknown()) }).nullish() }).optional(),
  cache_control: CacheControl.nullish(),
});
/** `max_tokens: 0` only fills the cache. */
const MessagesBody = CountTokensBody.extend({ max_tokens: z.int().min(0), stream: z.boolean().default(false) });

export type CountTokensRequest = z.infer<typeof CountTokensBody>;
export type MessagesRequest = z.infer<typeof MessagesBody>;

const MOST_BREAKPOINTS = 4;

/** @throws ApiError (400) naming the first field that is wrong. */
export function parseMessages(body: unknown): MessagesRequest {
  return checked(parse(MessagesBody, body));
}

/** @throws ApiError (400) naming the first field that is wrong. */
export function parseCountTokens(body: unknown): CountTokensRequest {
  return checked(parse(CountTokensBody, body));
}

function parse<T>(shape: z.ZodType<T>, body: unknown): T {
  const parsed = shape.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalidRequest(`${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'is invalid'}`);
}

function checked<T extends CountTokensRequest>(request: T): T {
  if (request.messages[0]?.role !== 'user') throw invalidRequest('messages: first message must use the "user" role');
  const blocks = [...request.tools, ...request.system, ...request.messages.flatMap(({ content }) => content)];
  const breakpoints = blocks.filter(({ cache_control: mark }) => mark).length;
  if (breakpoints > MOST_BREAKPOINTS) throw invalidRequest(`a maximum of ${MOST_BREAKPOINTS} blocks with cache_control may be provided; found ${breakpoints}`);
  const { tool_choice: choice, tools } = request;
  if (choice?.type === 'tool' && !tools.some(({ name }) => name === choice.name)) throw invalidRequest(`tool_choice: tool '${choice.name ?? ''}' not found in provided tools`);
  answeredTools(request.messages);
  if (choice && tools.length === 0) throw invalidRequest('tool_choice: may only be specified while providing tools');
  return request;
}

/** Each tool_use must be answered by a tool_result in the turn after it, and nothing else may be. */
function answeredTools(messages: CountTokensRequest['messages']): void {
  for (const [i, { content }] of messages.entries()) {
    const asked = content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
    const answered = (messages[i + 1]?.content ?? []).flatMap((block) => (block.type === 'tool_result' ? [block.tool_use_id] : []));
    const open = asked.find((id) => !answered.includes(id));
    if (open !== undefined) throw invalidRequest(`messages.${i}: tool_use ids were found without tool_result blocks immediately after: ${open}`);
    const before = (messages[i - 1]?.content ?? []).flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
    const stray = content.find((block) => block.type === 'tool_result' && !before.includes(block.tool_use_id));
    if (stray?.type === 'tool_result') throw invalidRequest(`messages.${i}: unexpected tool_use_id found in tool_result blocks: ${stray.tool_use_id}`);
  }
}

/** The tool that the request forces, the last of them where it only says that one must be called; null where it forces none. */
export function forcedTool({ tool_choice: choice, tools }: CountTokensRequest): { name: string; input_schema: Record<string, unknown> } | null {
  if (choice?.type === 'tool') return tools.find(({ name }) => name === choice.name) ?? null;
  return choice?.type === 'any' ? (tools.at(-1) ?? null) : null;
}

/** A block's content as text: what it counts for in tokens. */
export function blockText(block: Block): string {
  if (block.type === 'text') return block.text;
  const { cache_control: _, ...rest } = block;
  return JSON.stringify(rest);
}
