import Anthropic from '@anthropic-ai/sdk';
import type { ContentBlockParam, Message, MessageCreateParamsNonStreaming, MessageParam, TextBlockParam, Tool } from '@anthropic-ai/sdk/resources/messages';
import { Busy, type CacheTtl, type Model, type ModelAnswer, type ModelRequest, type PromptBlock, type SendOptions, type StopReason, type TextBlock } from '../activities/model.ts';
import { ANSWER_TOOL } from '../schemas/prompt.ts';
import { readLimits, readRetryAfter } from './rate-limit-headers.ts';

export interface AnthropicConfig {
  apiKey: string;
  baseURL?: string | undefined;
  /** Milliseconds before a call counts as lost. */
  timeoutMs?: number;
}

/** Above this many output tokens the SDK asks for streaming; we stream from here on. */
const STREAM_FROM_TOKENS = 8_192;

export function anthropicClient(config: AnthropicConfig): Anthropic {
  return new Anthropic({
    apiKey: config.apiKey,
    ...(config.baseURL === undefined ? {} : { baseURL: config.baseURL }),
    maxRetries: 0,
    timeout: config.timeoutMs ?? 600_000,
  });
}

/** Any server that speaks the Messages API. */
export class AnthropicModel implements Model {
  readonly #client: Anthropic;

  constructor(client: Anthropic) {
    this.#client = client;
  }

  async send(request: ModelRequest, { idempotencyKey, cacheTtl = '5m', onBegun, onLimits }: SendOptions): Promise<ModelAnswer> {
    const params = messageParams(request, cacheTtl);
    const headers = { 'idempotency-key': idempotencyKey };
    try {
      if (onBegun === undefined && request.maxTokens <= STREAM_FROM_TOKENS) {
        const { data, response } = await this.#client.messages.create(params, { headers }).withResponse();
        onLimits?.(readLimits(response.headers));
        return toAnswer(data);
      }
      const stream = this.#client.messages.stream(params, { headers });
      if (onBegun !== undefined) stream.once('streamEvent', onBegun);
      if (onLimits !== undefined) stream.once('connect', () => onLimits(readLimits(stream.response?.headers ?? new Headers())));
      return toAnswer(await stream.finalMessage());
    } catch (error) {
      if (onLimits !== undefined && error instanceof Anthropic.APIError && error.headers !== undefined) onLimits(readLimits(error.headers as Headers));
      throw busy(error) ?? error;
    }
  }
}

export function messageParams(request: ModelRequest, cacheTtl: CacheTtl = '5m'): MessageCreateParamsNonStreaming {
  const base = {
    model: request.model,
    max_tokens: request.maxTokens,
    system: request.system.map((block) => textBlock(block, cacheTtl)),
    messages: request.turns.map((turn): MessageParam => ({ role: turn.role, content: turn.blocks.map(contentBlock) })),
  };
  const tools = (request.tools ?? []).map((tool): Tool => ({ name: tool.name, description: tool.description, input_schema: tool.inputSchema as Tool.InputSchema }));
  const offered = tools.length === 0 ? {} : { tools };
  switch (request.structured) {
    case 'schema':
      return { ...base, ...offered, output_config: { format: { type: 'json_schema', schema: request.schema } } };
    case 'tool':
      return {
        ...base,
        tools: [...tools, { name: ANSWER_TOOL, description: 'Give the answer.', input_schema: request.schema as Tool.InputSchema }],
        tool_choice: tools.length === 0 ? { type: 'tool', name: ANSWER_TOOL } : { type: 'any' },
      };
    case 'text':
      return {
        ...base,
        ...offered,
        system: [
          ...base.system,
          { type: 'text', text: `Answer with one JSON object and nothing else. It must meet this JSON Schema: ${JSON.stringify(request.schema)}` },
        ],
      };
  }
}

function textBlock(block: TextBlock, ttl: CacheTtl): TextBlockParam {
  const mark = { type: 'ephemeral' as const, ...(ttl === '5m' ? {} : { ttl }) };
  return { type: 'text', text: block.text, ...(block.breakpoint === true ? { cache_control: mark } : {}) };
}

function contentBlock(block: PromptBlock): ContentBlockParam {
  if ('call' in block) return { type: 'tool_use', ...block.call };
  if ('answers' in block) return { type: 'tool_result', tool_use_id: block.answers, content: block.text, is_error: block.error };
  return { type: 'text', text: block.text };
}

/** What an answer of the Messages API says, whichever way it came. */
export function toAnswer(message: Message & { _request_id?: string | null }): ModelAnswer {
  const uses = message.content.filter((block) => block.type === 'tool_use');
  const answer = uses.find((block) => block.name === ANSWER_TOOL);
  const text = message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('');
  const toolCalls = answer === undefined ? uses.map(({ id, name, input }) => ({ id, name, input })) : [];
  const stopReason = message.stop_reason ?? 'unknown';
  // servers other than Anthropic's leave fields of usage out
  const usage = (message.usage ?? {}) as Partial<Message['usage']>;
  return {
    text: answer === undefined ? text : toolText(answer.input),
    stop: toolCalls.length > 0 && stopOf(stopReason) === 'complete' ? 'tools' : stopOf(stopReason),
    stopReason,
    toolCalls,
    usage: {
      inputTokens: usage.input_tokens ?? null,
      outputTokens: usage.output_tokens ?? null,
      cacheReadTokens: usage.cache_read_input_tokens ?? null,
      cacheWriteTokens: usage.cache_creation_input_tokens ?? null,
      cacheWrite1hTokens: usage.cache_creation?.ephemeral_1h_input_tokens ?? null,
    },
    requestId: message._request_id ?? null,
    model: message.model,
  };
}

/** Some servers hand the input on as the text that the model wrote, or leave it out where it was no JSON. */
function toolText(input: unknown): string {
  return typeof input === 'string' ? input : JSON.stringify(input ?? {});
}

function stopOf(stopReason: string): StopReason {
  if (stopReason === 'refusal') return 'refused';
  return stopReason === 'max_tokens' || stopReason === 'model_context_window_exceeded' ? 'truncated' : 'complete';
}

/** 429 and 529 as what they are to the caller; undefined for any other error. */
export function busy(error: unknown): Busy | undefined {
  if (!(error instanceof Anthropic.APIError)) return undefined;
  const overloaded = error.status === 529 || error.type === 'overloaded_error';
  if (error.status !== 429 && !overloaded) return undefined;
  const headers = error.headers as Headers | undefined;
  return new Busy(error.message, headers === undefined ? null : readRetryAfter(headers), { cause: error, overloaded });
}
