import type { ContentBlock, Message, RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages';
import { sha256Hex } from '../../schemas/canonical.ts';
import type { Answer } from './answer.ts';
import type { MessagesRequest } from './request.ts';
import type { InputUsage } from './usage.ts';

/** Characters a streamed delta carries. */
const DELTA_CHARS = 400;

/** The answer as the Messages API's message. `hash` gives its ids. */
export function messageOf(request: MessagesRequest, answer: Answer, input: InputUsage, hash: string): Message {
  return {
    id: `msg_${sha256Hex(hash).slice(0, 24)}`,
    type: 'message',
    role: 'assistant',
    model: request.model,
    content: contentOf(answer, hash),
    container: null,
    diagnostics: null,
    stop_reason: answer.stopReason,
    stop_sequence: null,
    stop_details: answer.stopReason === 'refusal' ? { type: 'refusal', category: null, explanation: 'simulated: the law file has it refused' } : null,
    usage: {
      ...input,
      output_tokens: answer.outputTokens,
      output_tokens_details: null,
      inference_geo: null,
      server_tool_use: null,
      service_tier: 'standard',
      speed: null,
    },
  };
}

function contentOf({ content }: Answer, hash: string): ContentBlock[] {
  switch (content.kind) {
    case 'none':
      return [];
    case 'text':
      return [{ type: 'text', text: content.text, citations: null }];
    case 'tool':
      return [{ type: 'tool_use', id: `toolu_${sha256Hex(`tool/${hash}`).slice(0, 24)}`, name: content.name, input: content.input, caller: { type: 'direct' } }];
  }
}

/** The message as the events of a stream, in the order that the service sends them. */
export function* streamOf(message: Message, { content }: Answer): Generator<RawMessageStreamEvent | { type: 'ping' }> {
  yield { type: 'message_start', message: { ...message, content: [], stop_reason: null, stop_details: null, usage: { ...message.usage, output_tokens: 1 } } };
  const [block] = message.content;
  if (block && content.kind !== 'none') {
    const start = block.type === 'text' ? { ...block, text: '' } : { ...block, input: {} };
    yield { type: 'content_block_start', index: 0, content_block: start as ContentBlock };
    yield { type: 'ping' };
    for (const piece of pieces(content.kind === 'text' ? content.text : content.json)) {
      yield { type: 'content_block_delta', index: 0, delta: content.kind === 'text' ? { type: 'text_delta', text: piece } : { type: 'input_json_delta', partial_json: piece } };
    }
    yield { type: 'content_block_stop', index: 0 };
  }
  const { stop_reason, stop_sequence, stop_details, container, usage } = message;
  yield {
    type: 'message_delta',
    delta: { stop_reason, stop_sequence, stop_details, container },
    usage: {
      input_tokens: usage.input_tokens,
      cache_creation_input_tokens: usage.cache_creation_input_tokens,
      cache_read_input_tokens: usage.cache_read_input_tokens,
      output_tokens: usage.output_tokens,
      output_tokens_details: null,
      server_tool_use: null,
    },
  };
  yield { type: 'message_stop' };
}

function* pieces(text: string): Generator<string> {
  const points = [...text];
  for (let i = 0; i < points.length; i += DELTA_CHARS) yield points.slice(i, i + DELTA_CHARS).join('');
}
