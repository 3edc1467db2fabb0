import type { CampaignFile, Price } from '../schemas/campaign.ts';
import type { CampaignRecord, Usage } from '../schemas/records.ts';
import type { ModelRequest } from './model.ts';
import { PRICES } from './prices.ts';

/** Tokens that providers add to a request on their own: system preambles, tool and schema descriptions. */
export const HIDDEN_TOKENS = 2_000;

const NANO = 1_000; // nano-dollars a token at one dollar a million tokens

/** The file's own price, else the table's; null where the price is unknown. */
export function priceOf(model: CampaignFile['model']): Price | null {
  return model.price ?? PRICES[model.name] ?? PRICES[model.name.replace(/-\d{8}$/, '')] ?? null;
}

/** What an answer cost, int nano-dollars; null where the price or one of the main counts is unknown. */
export function costOf(usage: Usage, price: Price | null): number | null {
  if (price === null || usage.inputTokens === null || usage.outputTokens === null) return null;
  return Math.round(
    NANO *
      (usage.inputTokens * price.inputPerMTok +
        usage.outputTokens * price.outputPerMTok +
        (usage.cacheReadTokens ?? 0) * price.cacheReadPerMTok +
        (usage.cacheWriteTokens ?? 0) * price.cacheWritePerMTok),
  );
}

/**
 * The most that one call can cost, int nano-dollars: UTF-8 bytes bound tokens from above, every input token is taken to be
 * written to the cache at the dearest input price, and the whole output allowance is used.
 */
export function reservationOf(request: ModelRequest, price: Price): number {
  const blocks = [...request.system, ...request.turns.flatMap((turn) => turn.blocks)];
  const bytes = blocks.reduce((sum, block) => sum + Buffer.byteLength(block.text), Buffer.byteLength(JSON.stringify(request.schema)));
  const input = Math.max(price.inputPerMTok, price.cacheWritePerMTok);
  return Math.ceil(NANO * ((bytes + HIDDEN_TOKENS) * input + request.maxTokens * price.outputPerMTok));
}

/** Bytes of a prompt beside the chapter: rules, agent, situation, plan, explanation, step and schema. A guess, only to size grants. */
const USUAL_PROMPT_BYTES = 24_000;
/** Share of its reservation that a call usually costs. */
const USUAL_SHARE = 0.3;

/** Int nano-dollars to grant at once: what a pass usually costs, and one whole reservation on top. 0 where the price is unknown. */
export function grantEstimate(campaign: CampaignRecord): number {
  const price = priceOf(campaign.file.model);
  if (price === null) return 0;
  const longest = Math.max(...campaign.chapters.map((chapter) => chapter.chars));
  const input = (longest + USUAL_PROMPT_BYTES + HIDDEN_TOKENS) * Math.max(price.inputPerMTok, price.cacheWritePerMTok);
  const call = NANO * (input + campaign.file.model.maxOutputTokens * price.outputPerMTok);
  return Math.ceil(call * (1 + USUAL_SHARE * campaign.chapters.length));
}
