import Anthropic from '@anthropic-ai/sdk';
import { waitOut } from '../activities/limits/wait-out.ts';
import type { Model, Structured } from '../activities/model.ts';
import type { Usage } from '../schemas/records.ts';
import { SIMULATED_HEADER } from '../schemas/simulated.ts';
import type { Config } from './config.ts';
import { anthropicClient, AnthropicModel } from './model-anthropic.ts';

export const ANTHROPIC_ORIGIN = 'https://api.anthropic.com';

export interface Provider {
  /** `simulated:<law hash>` or `origin:<scheme, host and port>`. */
  identity: string;
  /** The law hash that the simulated model declares by its response header; null for anything else. */
  simulated: string | null;
  origin: string;
}

/**
 * Who answers: one free request for the list of models, whose headers tell a simulated model from any other.
 * @throws Error with one line when the server cannot be reached or the key is refused.
 */
export async function identifyProvider(config: Config['model']): Promise<Provider> {
  const origin = new URL(config.baseURL ?? ANTHROPIC_ORIGIN).origin;
  const client = anthropicClient({ ...config, timeoutMs: 10_000 });
  try {
    // once more: a connection kept from before a long reckoning may have been closed by the other side
    const { response } = await client.models.list({ limit: 1 }, { maxRetries: 1 }).withResponse();
    return provider(origin, response.headers.get(SIMULATED_HEADER));
  } catch (error) {
    if (!(error instanceof Anthropic.APIError) || error.status === undefined) {
      throw new Error(`cannot reach the model at ${origin}: is it running, and is ANTHROPIC_BASE_URL right?`, { cause: error });
    }
    if (error.status === 401 || error.status === 403) throw new Error(`the model at ${origin} refuses the key: set ANTHROPIC_API_KEY (HTTP ${error.status})`, { cause: error });
    // servers without a list of models still answer
    return provider(origin, (error.headers as Headers | undefined)?.get(SIMULATED_HEADER) ?? null);
  }
}

function provider(origin: string, law: string | null): Provider {
  return { origin, simulated: law, identity: law === null ? `origin:${origin}` : `simulated:${law}` };
}

/** A question whose answer is JSON only where the schema makes it so: some servers take `output_config` and look at it no further. */
const PROBE_QUESTION = 'Name a colour.';
const PROBE_SCHEMA = { type: 'object', properties: { colour: { type: 'string' } }, required: ['colour'], additionalProperties: false };

/** A server that is busy with others is waited for so long before the probe gives up, ms. */
const PROBE_PATIENCE_MS = 120_000;

/** Statuses that say nothing about the way of asking: credentials, limits, overload. */
const NOT_THE_ROUTE = new Set([401, 403, 429, 529]);

/**
 * How the server takes an answer's shape: structured output, else a forced tool call, else words. Anthropic's own service and the
 * simulated model are known; another server is asked with one tiny call a route.
 * @throws the error of the last route where no route is answered: a server in trouble is not one without structured output.
 */
export async function probeStructured(config: Config['model'], provider: Provider, model: string): Promise<{ structured: Structured; usage: Usage | null }> {
  if (provider.simulated !== null || provider.origin === ANTHROPIC_ORIGIN) return { structured: 'schema', usage: null };
  const port: Model = new AnthropicModel(anthropicClient({ ...config, timeoutMs: 120_000 }));
  const ask = (structured: Structured) =>
    waitOut(PROBE_PATIENCE_MS, () =>
      port.send(
        { model, maxTokens: 64, system: [{ text: 'Be brief.' }], turns: [{ role: 'user', blocks: [{ text: PROBE_QUESTION }] }], schema: PROBE_SCHEMA, structured },
        { idempotencyKey: `probe/${structured}` },
      ),
    );
  for (const structured of ['schema', 'tool'] as const) {
    try {
      const answer = await ask(structured);
      if (meets(answer.text)) return { structured, usage: answer.usage };
    } catch (error) {
      // proxies answer 500 as well as 400 to what the server behind them does not know
      if (!(error instanceof Anthropic.APIError) || error.status === undefined || NOT_THE_ROUTE.has(error.status as number)) throw error;
    }
  }
  return { structured: 'text', usage: (await ask('text')).usage };
}

function meets(text: string): boolean {
  try {
    return typeof (JSON.parse(text) as { colour?: unknown }).colour === 'string';
  } catch {
    return false;
  }
}
