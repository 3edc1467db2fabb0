import { contentsOf } from '../../activities/contents.ts';
import { HIDDEN_TOKENS, USUAL_CHOICE } from '../../activities/pricing.ts';
import { priceIn } from '../../activities/prices.ts';
import type { CampaignSource } from '../../infra/campaign-source.ts';
import type { Price } from '../../schemas/campaign.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import { SELECT_JSON_SCHEMA, STEP_JSON_SCHEMA } from '../../schemas/json-schema.ts';
import type { Taken } from './measured.ts';

const CHARS_A_TOKEN = 4;
const PASSES = 2.5;
/** Share of critiques that lead to a revision. */
const REVISED = 0.3;
const OUTPUT = { draft: 2_500, select: 250, critique: 350, revise: 1_500, explain: 700 };
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
  `with select: routed, one call a situation that chooses ${USUAL_CHOICE} chapters beside those of \`always\``,
  'no call of a tool: each turn of tool calls is one more call, with all that was said before it',
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
  /** In batches, nothing read from a cache: a batch's calls may be hours apart. */
  usdBatch: number | null;
  hours: number;
  pricesDate: string | null;
  /** Situations that it was measured on; 0: it rests on the assumptions alone. */
  measuredOn: number;
  /** Half width of the 95 % interval of the calls, as a share of them; null where nothing was measured. */
  callsWithin: number | null;
}

/** What one situation takes, on average. */
interface Load {
  calls: number;
  fresh: number;
  cacheable: number;
  output: number;
}

/** Extrapolates from situations that were previewed or run, where there are any; else from sizes and the assumptions. */
export function estimate(source: CampaignSource, taken: readonly Taken[] = []): Estimate {
  const { file, listing, quote } = source;
  const situations = file.situations.from === 'imagine' ? file.situations.count : listing.situations.length;
  const measured = measuredLoad(taken);
  const { calls, fresh, cacheable, output } = measured ?? assumedLoad(source);
  const { price } = quote;
  const usd = (perSituation: number) => (situations * perSituation) / 1e6;
  // every prefix is written at least once, however few the situations
  const written = measured === null ? (1 - CACHE_HITS) * cacheable : Math.min(cacheable, prefixTokens(source) / Math.max(1, situations));
  const plain = (of: Price) => usd((fresh + cacheable) * of.inputPerMTok + output * of.outputPerMTok);
  const cached = (of: Price) => usd(fresh * of.inputPerMTok + written * of.cacheWritePerMTok + (cacheable - written) * of.cacheReadPerMTok + output * of.outputPerMTok);
  const batch = priceIn(quote, 'batch');
  const seconds = calls * FIRST_TOKEN_S + output / TOKENS_A_SECOND;
  return {
    situations,
    calls: Math.round(situations * calls),
    inputTokens: Math.round(situations * (fresh + cacheable)),
    cacheableTokens: Math.round(situations * cacheable),
    outputTokens: Math.round(situations * output),
    usdPlain: price === null ? null : plain(price),
    usdCached: price === null ? null : cached(price),
    usdBatch: batch === null ? null : plain(batch),
    hours: (Math.ceil(situations / file.concurrency) * seconds) / 3_600,
    pricesDate: price === null ? null : quote.date,
    measuredOn: measured === null ? 0 : taken.length,
    callsWithin: measured === null ? null : halfWidth(taken.map((each) => each.calls)),
  };
}

/** Means over the situations measured; null where there are none, or the provider did not count tokens. */
function measuredLoad(taken: readonly Taken[]): Load | null {
  const mean = (of: (each: Taken) => number | null) => (taken.some((each) => of(each) === null) ? null : taken.reduce((sum, each) => sum + (of(each) as number), 0) / taken.length);
  const [fresh, cacheable, output] = [mean((each) => each.freshTokens), mean((each) => each.cachedTokens), mean((each) => each.outputTokens)];
  if (taken.length === 0 || fresh === null || cacheable === null || output === null) return null;
  return { calls: mean((each) => each.calls) as number, fresh, cacheable, output };
}

/** Fewer situations say nothing of how much situations differ. */
const LEAST_FOR_INTERVAL = 5;

/** Half of the 95 % interval of the mean (Student's t), as a share of the mean; null for too few values. */
function halfWidth(values: readonly number[]): number | null {
  if (values.length < LEAST_FOR_INTERVAL) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return (t95(values.length - 1) * Math.sqrt(variance / values.length)) / mean;
}

/** 97.5 % quantile of Student's t from four degrees of freedom on, to 2 %: Abramowitz and Stegun 26.7.5. */
function t95(freedom: number): number {
  const z = 1.959964;
  return z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2);
}

function tokensOf(text: string): number {
  return text.length / CHARS_A_TOKEN;
}

/** Everything before the cache breakpoint, once for each chapter. */
function prefixTokens({ chapters, prompts }: CampaignSource): number {
  const rules = tokensOf(prompts['rules'] ?? '');
  return chapters.reduce((sum, { chars, tokens, counted }) => sum + rules + (counted ? tokens : chars / CHARS_A_TOKEN), 0);
}

/** Chapters that one pass reads. */
function chaptersRead({ file: { library }, chapters }: CampaignSource): number {
  if (library.select !== 'routed') return chapters.length;
  const always = chapters.filter(({ textbook }) => library.always.includes(textbook)).length;
  return Math.min(chapters.length, always + USUAL_CHOICE);
}

function assumedLoad(source: CampaignSource): Load {
  const { file, agents, chapters, prompts, listing } = source;
  const { alternatives } = file.actor;
  const read = chaptersRead(source);
  const critiques = read * (PASSES + alternatives);
  const revisions = read * PASSES * REVISED;
  const calls = 1 + critiques + revisions + alternatives;
  const before = tokensOf(prompts['rules'] ?? '') + HIDDEN_TOKENS / 4;
  const rules = before + tokensOf(JSON.stringify(STEP_JSON_SCHEMA));
  const chapter = chapters.reduce((sum, { chars }) => sum + chars, 0) / CHARS_A_TOKEN / Math.max(1, chapters.length);
  const agent = Object.values(agents).reduce((sum, spec) => sum + tokensOf(canonicalJson(spec)), 0) / Math.max(1, Object.keys(agents).length);
  const situation = listing.situations.reduce((sum, each) => sum + tokensOf(canonicalJson(each)), 0) / Math.max(1, listing.situations.length);
  const choosing = file.library.select === 'routed' ? 1 : 0;
  const contents = before + tokensOf(JSON.stringify(SELECT_JSON_SCHEMA)) + tokensOf(canonicalJson(contentsOf(chapters)));
  return {
    calls: calls + choosing,
    fresh: (calls + choosing) * (agent + situation) + (calls - 1 + choosing) * PLAN_TOKENS,
    cacheable: calls * rules + (critiques + revisions) * chapter + choosing * contents,
    output: OUTPUT.draft + choosing * OUTPUT.select + critiques * OUTPUT.critique + revisions * OUTPUT.revise + alternatives * OUTPUT.explain,
  };
}
