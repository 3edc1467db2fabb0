import type { Usage } from '../schemas/records.ts';

/** How an answer's shape is asked for: by the provider's structured output, a forced tool call, or words alone. */
export type Structured = 'schema' | 'tool' | 'text';

export interface PromptBlock {
  text: string;
  /** Ends a prefix that the provider should cache. */
  breakpoint?: boolean;
}

export interface PromptTurn {
  role: 'user' | 'assistant';
  blocks: PromptBlock[];
}

/** One request, independent of how the provider spells it. Its canonical JSON, with the provider's identity, keys the response store. */
export interface ModelRequest {
  model: string;
  maxTokens: number;
  system: PromptBlock[];
  turns: PromptTurn[];
  /** JSON Schema that the answer must meet. */
  schema: Record<string, unknown>;
  structured: Structured;
}

export type StopReason = 'complete' | 'truncated' | 'refused';

export interface ModelAnswer {
  /** JSON text of the answer (the forced tool's input, where that route was taken). */
  text: string;
  stop: StopReason;
  /** The provider's own words for it. */
  stopReason: string;
  usage: Usage;
  requestId: string | null;
  model: string;
}

/** Rate-limited or overloaded: worth waiting for, and not a failure of the call. */
export class Busy extends Error {
  override name = 'Busy';
  /** Milliseconds the provider asked to wait; null where it did not say. */
  readonly retryAfterMs: number | null;

  constructor(message: string, retryAfterMs: number | null, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

export interface Model {
  /** Sends once, never retries. Throws Busy for 429 and 529, the adapter's own errors otherwise. */
  send(request: ModelRequest, options: { idempotencyKey: string }): Promise<ModelAnswer>;
}
