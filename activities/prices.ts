import type { Price } from '../schemas/campaign.ts';

/** Day on which the table below was read from its source. */
export const PRICES_DATE = '2026-10-10';
/** https://platform.claude.com/docs/en/about-claude/pricing */
export const PRICES_SOURCE = 'platform.claude.com/docs/en/about-claude/pricing';

/** USD a million tokens: input, output, 5-minute cache write, cache read. Model names match with or without a date suffix. */
export const PRICES: Record<string, Price> = {
  'claude-fable-5': price(10, 50, 12.5, 1),
  'claude-opus-5': price(5, 25, 6.25, 0.5),
  'claude-opus-4-8': price(5, 25, 6.25, 0.5),
  'claude-opus-4-7': price(5, 25, 6.25, 0.5),
  'claude-opus-4-6': price(5, 25, 6.25, 0.5),
  'claude-opus-4-5': price(5, 25, 6.25, 0.5),
  'claude-sonnet-4-6': price(3, 15, 3.75, 0.3),
  'claude-sonnet-4-5': price(3, 15, 3.75, 0.3),
  'claude-haiku-4-5': price(1, 5, 1.25, 0.1),
};

function price(input: number, output: number, cacheWrite: number, cacheRead: number): Price {
  return { inputPerMTok: input, outputPerMTok: output, cacheWritePerMTok: cacheWrite, cacheReadPerMTok: cacheRead };
}
