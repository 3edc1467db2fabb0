import { HIDDEN_TOKENS, priceOf } from '../../activities/pricing.ts';
import { PRICES_DATE } from '../../activities/prices.ts';
import type { CampaignSource } from '../../infra/campaign-source.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import { STEP_JSON_SCHEMA } from '../../schemas/json-schema.ts';

const CHARS_A_TOKEN = 4;
const PASSES = 2.5;
/** Share of critiques that lead to a revision. */
const REVISED = 0.3;
const OUTPUT = { draft: 2_500, critique: 350, revise: 1_500, explain: 700 };
/** Plan with its explanation, as a critique reads it. */
const PLAN_TOKENS = 3_000;
const TOKENS_A_SECOND = 60;
const FIRST_TOKEN_S = 2;
/** Share of cacheable tokens that are read from the cache rather than written to it. */
const CACHE_HITS = 0.9;

/** What the estimate takes for granted: the user's own campaign will differ. */
export const ASSUMPTIONS = [
  `${CHARS_A_TOKEN} characters a token; ${HIDDEN_TOKENS / 4} tokens a call that the provider adds`,
  `${PASSES} passes over all chapters a situation, then one pass for each alternative explanation`,
  `${REVISED * 100} % of critiques of the passes lead to a revision, none of those in verification`,
  `a plan with its explanation has ${PLAN_TOKENS} tokens; answers have ${Object.entries(OUTPUT).map(([step, tokens]) => `${tokens} (${step})`).join(', ')}`,
  `${CACHE_HITS * 100} % of the cacheable tokens are read from the cache, the others written to it`,
  `${FIRST_TOKEN_S} s to the first token, then ${TOKENS_A_SECOND} a second; no waiting for rate limits`,
];

/** USD are null where the model's price is unknown. */
export interface Estimate {
  situations: number;
  calls: number;
  inputTokens: number;
  cacheableTokens: number;
  outputTokens: number;
  usdPlain: number | null;
  usdCached: number | null;
  hours: number;
  pricesDate: string | null;
}

export function estimate({ file, agents, chapters, prompts, listing }: CampaignSource): Estimate {
  const situations = listing.situations.length;
  const { alternatives } = file.actor;
  const tokens = (text: string) => text.length / CHARS_A_TOKEN;
  const critiques = chapters.length * (PASSES + alternatives);
  const revisions = chapters.length * PASSES * REVISED;
  const calls = 1 + critiques + revisions + alternatives;

  const rules = tokens(prompts['rules'] ?? '') + tokens(JSON.stringify(STEP_JSON_SCHEMA)) + HIDDEN_TOKENS / 4;
  const chapter = chapters.reduce((sum, { chars }) => sum + chars, 0) / CHARS_A_TOKEN / Math.max(1, chapters.length);
  const agent = Object.values(agents).reduce((sum, spec) => sum + tokens(canonicalJson(spec)), 0) / Math.max(1, Object.keys(agents).length);
  const situation = listing.situations.reduce((sum, each) => sum + tokens(canonicalJson(each)), 0) / Math.max(1, situations);
  const cacheable = calls * rules + (critiques + revisions) * chapter;
  const input = cacheable + calls * (agent + situation) + (calls - 1) * PLAN_TOKENS;
  const output = OUTPUT.draft + critiques * OUTPUT.critique + revisions * OUTPUT.revise + alternatives * OUTPUT.explain;

  const price = priceOf(file.model);
  const usd = (perSituation: number) => (situations * perSituation) / 1e6;
  const plain = price === null ? null : usd(input * price.inputPerMTok + output * price.outputPerMTok);
  const cached =
    price === null
      ? null
      : usd(
          (input - cacheable) * price.inputPerMTok +
            cacheable * (CACHE_HITS * price.cacheReadPerMTok + (1 - CACHE_HITS) * price.cacheWritePerMTok) +
            output * price.outputPerMTok,
        );
  const seconds = calls * FIRST_TOKEN_S + output / TOKENS_A_SECOND;
  return {
    situations,
    calls: Math.round(situations * calls),
    inputTokens: Math.round(situations * input),
    cacheableTokens: Math.round(situations * cacheable),
    outputTokens: Math.round(situations * output),
    usdPlain: plain,
    usdCached: cached,
    hours: (Math.ceil(situations / file.concurrency) * seconds) / 3_600,
    pricesDate: price === null || file.model.price !== undefined ? null : PRICES_DATE,
  };
}
