import type { CampaignFile, Mode, Price } from '../schemas/campaign.ts';
import { lastingJson } from '../schemas/canonical.ts';
import type { CampaignRecord, Usage } from '../schemas/records.ts';
import { textOf, type ModelRequest } from './model.ts';
import { priceOf } from './prices.ts';

/** Tokens that providers add to a request on their own: system preambles, tool and schema descriptions. */
export const HIDDEN_TOKENS = 2_000;

type CacheSetting = CampaignFile['model']['cacheTtl'];

const NANO = 1_000; // nano-dollars a token at one dollar a million tokens

/** An hour in the cache costs so many times what five minutes cost, where a price names it not. */
const HOUR_FACTOR = 1.6;

/** USD a million tokens for writing to the cache: `auto` may choose an hour. */
export function cacheWritePrice(price: Price, ttl: CacheSetting): number {
  return ttl === '5m' ? price.cacheWritePerMTok : (price.cacheWrite1hPerMTok ?? HOUR_FACTOR * price.cacheWritePerMTok);
}

/** What an answer cost, int nano-dollars; null where the price or one of the main counts is unknown. */
export function costOf(usage: Usage, price: Price | null): number | null {
  if (price === null || usage.inputTokens === null || usage.outputTokens === null) return null;
  const forAnHour = usage.cacheWrite1hTokens ?? 0;
  return Math.round(
    NANO *
      (usage.inputTokens * price.inputPerMTok +
        usage.outputTokens * price.outputPerMTok +
        (usage.cacheReadTokens ?? 0) * price.cacheReadPerMTok +
        ((usage.cacheWriteTokens ?? 0) - forAnHour) * cacheWritePrice(price, '5m') +
        forAnHour * cacheWritePrice(price, '1h')),
  );
}

/**
 * The most that one call can cost, int nano-dollars: UTF-8 bytes bound tokens from above, every input token is taken to be
 * written to the cache at the dearest input price, and the whole output allowance is used. `chapterTokens`: the provider's own
 * count of the blocks after the rules, in place of their bytes; leave it out where nobody counted.
 */
export function reservationOf(request: ModelRequest, price: Price, ttl: CacheSetting = '5m', chapterTokens?: number): number {
  const texts = [...request.system, ...request.turns.flatMap((turn) => turn.blocks)].map(textOf);
  const beside = lastingJson(request.schema) + (request.tools === undefined ? '' : lastingJson(request.tools));
  // records older than the counting of chapters say 0
  const counted = chapterTokens ?? 0;
  if (counted > 0) texts.splice(1, request.system.length - 1);
  const bytes = [...texts, beside].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const input = Math.max(price.inputPerMTok, cacheWritePrice(price, ttl));
  return Math.ceil(NANO * ((bytes + counted + HIDDEN_TOKENS) * input + request.maxTokens * price.outputPerMTok));
}

/** Bytes of a prompt beside the chapter: rules, agent, situation, plan, explanation, step and schema. A guess, only to size grants. */
const USUAL_PROMPT_BYTES = 24_000;
/** Share of its reservation that a call usually costs. */
const USUAL_SHARE = 0.3;
/** Chapters that a situation is usually routed to. */
export const USUAL_CHOICE = 8;

/** Int nano-dollars to grant at once: what a pass usually costs, and one whole reservation on top. 0 where the price is unknown. */
export function grantEstimate(campaign: CampaignRecord, mode: Mode = 'interactive'): number {
  const price = priceOf(campaign, mode) ?? priceOf(campaign);
  if (price === null) return 0;
  const { chapters, file: { model, library } } = campaign;
  // uncounted chapters are reserved by their bytes, twice the bound that they carry
  const longest = Math.max(...chapters.map(({ tokens, counted, chars }) => (counted ? tokens : Math.max(2 * tokens, chars))));
  const input = (longest + USUAL_PROMPT_BYTES + HIDDEN_TOKENS) * Math.max(price.inputPerMTok, cacheWritePrice(price, model.cacheTtl));
  const call = NANO * (input + model.maxOutputTokens * price.outputPerMTok);
  const pass = library.select === 'routed' ? Math.min(chapters.length, USUAL_CHOICE) : chapters.length;
  return Math.ceil(call * (1 + USUAL_SHARE * pass));
}
