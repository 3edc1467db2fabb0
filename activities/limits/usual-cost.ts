import type { Usage } from '../../schemas/records.ts';
import type { LimitedBy } from '../model.ts';

/** What is known of a call before it is made. */
export interface CallSize {
  /** Characters of the prompt that the provider's cache will not give. */
  chars: number;
  /** Whether it will give the rest. */
  warm: boolean;
  /** The most that it may answer, tokens. */
  maxTokens: number;
}

export type Cost = Record<LimitedBy, number>;

/** Before anything is known: English takes about a token for four characters; most answers are much shorter than they may be. */
const TOKENS_A_CHAR = 0.3;
const OUTPUT_TOKENS = 1_000;
/** Weight of the newest call. */
const NEWEST = 0.1;

/** What calls take of each limit, learned from the usage of those before. */
export class UsualCost {
  /** Tokens a character, by warmth. */
  readonly #input = new Map<boolean, number>();
  #output: number | null = null;

  of({ chars, warm, maxTokens }: CallSize): Cost {
    const inputTokens = chars * (this.#input.get(warm) ?? TOKENS_A_CHAR);
    const outputTokens = Math.min(maxTokens, this.#output ?? OUTPUT_TOKENS);
    return { requests: 1, tokens: inputTokens + outputTokens, inputTokens, outputTokens };
  }

  /** What the call has taken in fact, from now on part of what is usual; null where the provider does not say. */
  learn({ chars, warm }: CallSize, { inputTokens, cacheWriteTokens, outputTokens }: Usage): Cost | null {
    if (inputTokens === null || outputTokens === null) return null;
    // what is read from the cache is free of the limits
    const input = inputTokens + (cacheWriteTokens ?? 0);
    if (chars > 0) this.#input.set(warm, mixed(this.#input.get(warm), input / chars));
    this.#output = mixed(this.#output, outputTokens);
    return { requests: 1, tokens: input + outputTokens, inputTokens: input, outputTokens };
  }
}

function mixed(usual: number | null | undefined, newest: number): number {
  return usual === null || usual === undefined ? newest : usual + NEWEST * (newest - usual);
}
