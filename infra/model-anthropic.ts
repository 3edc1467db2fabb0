import Anthropic from '@anthropic-ai/sdk';
import type { Message, MessageCreateParamsNonStreaming, MessageParam, TextBlockParam } from '@anthropic-ai/sdk/resources/messages';
import { Busy, type Model, type ModelAnswer, type ModelRequest, type PromptBlock, type StopReason } from '../activities/model.ts';
import { ANSWER_TOOL } from '../schemas/prompt.ts';

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

  async send(request: ModelRequest, options: { idempotencyKey: string }): Promise<ModelAnswer> {
    const params = messageParams(request);
    const headers = { 'idempotency-key': options.idempotencyKey };
    try {
      const message =
        request.maxTokens > STREAM_FROM_TOKENS
          ? await this.#client.messages.stream(params, { headers }).finalMessage()
          : await this.#client.messages.create(params, { headers });
      return toAnswer(message);
    } catch (error) {
      throw busy(error) ?? error;
    }
  }
}

export function messageParams(request: ModelRequest): MessageCreateParamsNonStreaming {
  const base = {
    model: request.model,
    max_tokens: request.maxTokens,
    system: request.system.map(textBlock),
    messages: request.turns.map((turn): MessageParam => ({ role: turn.role, content: turn.blocks.map(textBlock) })),
  };
  switch (request.structured) {
    case 'schema':
      return { ...base, output_config: { format: { type: 'json_schema', schema: request.schema } } };
    case 'tool':
      return {
        ...base,
        tools: [{ name: ANSWER_TOOL, description: 'Give the answer.', input_schema: request.schema as { type: 'object' } }],
        tool_choice: { type: 'tool', name: ANSWER_TOOL },
      };
    case 'text':
      return {
        ...base,
        system: [
          ...base.system,
          { type: 'text', text: `Answer with one JSON object and nothing else. It must meet this JSON Schema: ${JSON.stringify(request.schema)}` },
        ],
      };
  }
}

function textBlock(block: PromptBlock): TextBlockParam {
  return { type: 'text', text: block.text, ...(block.breakpoint === true ? { cache_control: { type: 'ephemeral' as const } } : {}) };
}

function toAnswer(message: Message & { _request_id?: string | null }): ModelAnswer {
  const tool = message.content.find((block) => block.type === 'tool_use');
  const text = message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('');
  const stopReason = message.stop_reason ?? 'unknown';
  // servers other than Anthropic's leave fields of usage out
  const usage = (message.usage ?? {}) as Partial<Message['usage']>;
  return {
    text: tool === undefined ? text : toolText(tool.input),
    stop: stopOf(stopReason),
    stopReason,
    usage: {
      inputTokens: usage.input_tokens ?? null,
      outputTokens: usage.output_tokens ?? null,
      cacheReadTokens: usage.cache_read_input_tokens ?? null,
      cacheWriteTokens: usage.cache_creation_input_tokens ?? null,
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

function busy(error: unknown): Busy | undefined {
  if (!(error instanceof Anthropic.APIError)) return undefined;
  const overloaded = error.status === 529 || error.type === 'overloaded_error';
  if (error.status !== 429 && !overloaded) return undefined;
  const seconds = Number((error.headers as Headers | undefined)?.get('retry-after') ?? Number.NaN);
  return new Busy(error.message, Number.isFinite(seconds) ? seconds * 1000 : null, { cause: error });
}
