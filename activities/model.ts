import type { ToolCall, ToolOffer, Usage } from '../schemas/records.ts';

/** How an answer's shape is asked for: by the provider's structured output, a forced tool call, or words alone. */
export type Structured = 'schema' | 'tool' | 'text';

export interface TextBlock {
  text: string;
  /** Ends a prefix that the provider should cache. */
  breakpoint?: boolean;
}

/** The model's request for a tool, shown to it again. */
export interface ToolUseBlock {
  call: ToolCall;
}

export interface ToolResultBlock {
  /** Id of the call it answers. */
  answers: string;
  text: string;
  error: boolean;
}

export type PromptBlock = TextBlock | ToolUseBlock | ToolResultBlock;

export interface PromptTurn {
  role: 'user' | 'assistant';
  blocks: PromptBlock[];
}

/** One request, independent of how the provider spells it. Its canonical JSON, with the provider's identity, keys the response store. */
export interface ModelRequest {
  model: string;
  maxTokens: number;
  system: TextBlock[];
  turns: PromptTurn[];
  /** JSON Schema that the answer must meet. */
  schema: Record<string, unknown>;
  structured: Structured;
  /** Absent: none. */
  tools?: ToolOffer[];
}

export type StopReason = 'complete' | 'tools' | 'truncated' | 'refused';

export interface ModelAnswer {
  /** JSON text of the answer (the forced tool's input, where that route was taken); what was said beside the calls, where `stop` is tools. */
  text: string;
  stop: StopReason;
  /** The provider's own words for it. */
  stopReason: string;
  toolCalls: ToolCall[];
  usage: Usage;
  requestId: string | null;
  model: string;
}

/** Rate-limited or overloaded: worth waiting for, and not a failure of the call. */
export class Busy extends Error {
  override name = 'Busy';
  /** Milliseconds the provider asked to wait; null where it did not say. */
  readonly retryAfterMs: number | null;
  /** Too busy with everybody's calls (529), not with ours (429). */
  readonly overloaded: boolean;

  constructor(message: string, retryAfterMs: number | null, { overloaded = false, ...options }: ErrorOptions & { overloaded?: boolean } = {}) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
    this.overloaded = overloaded;
  }
}

/** What a provider limits a minute; `tokens`: input and output together. */
export const LIMITED_BY = ['requests', 'tokens', 'inputTokens', 'outputTokens'] as const;
export type LimitedBy = (typeof LIMITED_BY)[number];

/** What the provider says of one limit. */
export interface LimitReading {
  /** A minute. */
  limit: number;
  /** What could be used at once; null where it does not say. */
  remaining: number | null;
  /** Milliseconds until nothing of it counts as used; null where it does not say. */
  fullInMs: number | null;
}
export type LimitReadings = Partial<Record<LimitedBy, LimitReading>>;

export type CacheTtl = '5m' | '1h';

export interface SendOptions {
  idempotencyKey: string;
  /** How long the provider is asked to keep the prefix at the breakpoint. */
  cacheTtl?: CacheTtl;
  /** Called once the provider has begun to answer: what it caches can be read from then on. Asks for a streamed answer. */
  onBegun?: () => void;
  /** Called with what the answer, or a refusal, says of the provider's limits, as soon as that is known. */
  onLimits?: (readings: LimitReadings) => void;
}

export interface Model {
  /** Sends once, never retries. Throws Busy for 429 and 529, the adapter's own errors otherwise. */
  send(request: ModelRequest, options: SendOptions): Promise<ModelAnswer>;
}

export function textOf(block: PromptBlock): string {
  if ('text' in block) return block.text;
  return JSON.stringify(block.call.input);
}
