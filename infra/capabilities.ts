import Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { waitOut } from '../activities/limits/wait-out.ts';
import type { Structured } from '../activities/model.ts';
import { quoteOf } from '../activities/prices.ts';
import type { CampaignFile } from '../schemas/campaign.ts';
import type { Config } from './config.ts';
import { anthropicClient, busy } from './model-anthropic.ts';
import { ANTHROPIC_ORIGIN, probeStructured, type Provider } from './provider.ts';
import { readRateLimits, type RateLimits } from './rate-limit-headers.ts';
import { anthropicCounter } from './token-counter.ts';

/** `unknown`: the server says nothing that tells; never read as no. */
export type Support = 'yes' | 'no' | 'unknown';

/** What a server that speaks the Messages API can do for one model, as far as it says or shows. */
export interface Capabilities {
  /** The model's name in the server's own answer. */
  model: string;
  structured: Structured;
  promptCache: Support;
  tokenCounting: Support;
  batches: Support;
  /** Which counts the usage of an answer holds; a call without input and output counts has an unknown cost. */
  usage: { input: boolean; output: boolean; cache: boolean };
  limits: RateLimits;
  /** Tokens that a prompt may have; null where the list of models does not say. */
  contextTokens: number | null;
  /** Tokens that an answer may have; null where the list of models does not say. */
  outputTokens: number | null;
}

/** A call that answers nothing in this time counts as lost, ms; side questions are given up earlier. */
const CALL_TIMEOUT_MS = 60_000;
const ASIDE_TIMEOUT_MS = 10_000;
const PATIENCE_MS = 120_000;

/** Tokens of the cache probe's prefix, about: above the least that any known model caches (4,096). */
const CACHE_PROBE_TOKENS = 7_000;
/** The two calls of the cache probe are made where they cost no more, USD. */
const CHEAP_USD = 0.05;

/**
 * Asks a server what it can do: one call of one token, the calls that `probeStructured` needs, free questions, and two equal calls
 * with a cache breakpoint only where usage has cache fields, the server is not known, and the calls are cheap.
 * @throws the error of the one-token call, or of the last way to ask for a structured answer; side questions never throw.
 */
export async function probeCapabilities(config: Config['model'], provider: Provider, model: CampaignFile['model']): Promise<Capabilities> {
  const client = anthropicClient({ ...config, timeoutMs: CALL_TIMEOUT_MS });
  const aside = anthropicClient({ ...config, timeoutMs: ASIDE_TIMEOUT_MS });
  const { data, response } = await send(client, { model: model.name, max_tokens: 1, messages: [{ role: 'user', content: 'Answer with one word.' }] });
  const usage = usageFields(data.usage);
  const { structured } = await probeStructured(config, provider, model.name);
  const info = await modelInfo(aside, model.name);
  return {
    model: data.model ?? model.name,
    structured,
    promptCache: usage.cache ? await caches(client, provider, model) : 'unknown',
    tokenCounting: await countsTokens(config, model.name),
    batches: info?.batch ?? (await listsBatches(aside)),
    usage,
    limits: readRateLimits(response.headers),
    contextTokens: info?.contextTokens ?? null,
    outputTokens: info?.outputTokens ?? null,
  };
}

interface Answer {
  data: { model?: string; usage?: unknown };
  response: { headers: Headers };
}

/** One message; a busy server is waited for. */
async function send(client: Anthropic, params: Anthropic.MessageCreateParamsNonStreaming): Promise<Answer> {
  return await waitOut(PATIENCE_MS, async () => {
    try {
      return await client.messages.create(params).withResponse();
    } catch (error) {
      throw busy(error) ?? error;
    }
  });
}

const Count = z.int().min(0);
const CacheUsage = z.object({ cache_read_input_tokens: Count, cache_creation_input_tokens: Count });

function usageFields(usage: unknown): Capabilities['usage'] {
  const has = (field: string) => z.object({ [field]: Count }).safeParse(usage).success;
  return { input: has('input_tokens'), output: has('output_tokens'), cache: CacheUsage.safeParse(usage).success };
}

/** Fields of usage show a cache on a known server; another may fill them with zeros, so it is tried. */
async function caches(client: Anthropic, provider: Provider, model: CampaignFile['model']): Promise<Support> {
  if (provider.simulated !== null || provider.origin === ANTHROPIC_ORIGIN) return 'yes';
  const { price } = quoteOf(model);
  if (price === null || (CACHE_PROBE_TOKENS * (price.cacheWritePerMTok + price.inputPerMTok)) / 1e6 > CHEAP_USD) return 'unknown';
  const text = Array.from({ length: CACHE_PROBE_TOKENS / 7 }, (_, line) => `Line ${line} of a cached text.`).join('\n');
  const params: Anthropic.MessageCreateParamsNonStreaming = {
    model: model.name,
    max_tokens: 1,
    system: [{ type: 'text', text, cache_control: { type: 'ephemeral' } }],
    messages: [{ role: 'user', content: 'Answer with one word.' }],
  };
  try {
    let read = 0;
    for (let call = 0; call < 2; call++) read += CacheUsage.parse((await send(client, params)).data.usage).cache_read_input_tokens;
    return read > 0 ? 'yes' : 'no';
  } catch {
    return 'unknown';
  }
}

async function countsTokens(config: Config['model'], model: string): Promise<Support> {
  try {
    return (await anthropicCounter(config)(model, 'Answer with one word.')) === null ? 'no' : 'yes';
  } catch {
    return 'unknown';
  }
}

/** Statuses of a server that does not know an address. */
const NO_SUCH_ADDRESS = new Set([404, 405, 501]);

async function listsBatches(client: Anthropic): Promise<Support> {
  try {
    const page: unknown = await client.get('/v1/messages/batches?limit=1');
    return z.object({ data: z.array(z.unknown()) }).safeParse(page).success ? 'yes' : 'unknown';
  } catch (error) {
    return error instanceof Anthropic.APIError && NO_SUCH_ADDRESS.has(error.status as number) ? 'no' : 'unknown';
  }
}

const Size = z.int().min(1).nullish().catch(null);
const ModelEntry = z.object({
  id: z.string(),
  max_input_tokens: Size,
  max_tokens: Size,
  /** Other servers' names for the same. */
  context_length: Size,
  context_window: Size,
  max_model_len: Size,
  capabilities: z.object({ batch: z.object({ supported: z.boolean() }).nullish() }).nullish().catch(null),
});

/** What the server says of the model itself; null where it has no such entry. */
async function modelInfo(client: Anthropic, name: string): Promise<{ batch: Support | null; contextTokens: number | null; outputTokens: number | null } | null> {
  const entry = (await entryOf(client, name)) ?? (await entryInList(client, name));
  if (entry === null) return null;
  const batch = entry.capabilities?.batch?.supported;
  return {
    batch: batch === undefined ? null : batch ? 'yes' : 'no',
    contextTokens: entry.max_input_tokens ?? entry.context_length ?? entry.context_window ?? entry.max_model_len ?? null,
    outputTokens: entry.max_tokens ?? null,
  };
}

async function entryOf(client: Anthropic, name: string): Promise<z.infer<typeof ModelEntry> | null> {
  try {
    return ModelEntry.safeParse(await client.get(`/v1/models/${encodeURIComponent(name)}`)).data ?? null;
  } catch {
    return null;
  }
}

async function entryInList(client: Anthropic, name: string): Promise<z.infer<typeof ModelEntry> | null> {
  try {
    const page = z.object({ data: z.array(z.unknown()) }).safeParse(await client.get('/v1/models')).data;
    const entries = (page?.data ?? []).flatMap((entry) => ModelEntry.safeParse(entry).data ?? []);
    return entries.find(({ id }) => id === name) ?? null;
  } catch {
    return null;
  }
}
