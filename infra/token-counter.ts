import Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { waitOut } from '../activities/limits/wait-out.ts';
import type { ObjectStore } from '../activities/store.ts';
import { canonicalJson, contentHash, sha256Hex } from '../schemas/canonical.ts';
import { tokensKey } from '../schemas/keys.ts';
import type { CountTokens } from './library/chapters.ts';
import { anthropicClient, busy, type AnthropicConfig } from './model-anthropic.ts';
import { Slots } from './slots.ts';

/** Counts a system block for a model; null where the provider has no counter. */
export type TokenCounter = (model: string, block: string) => Promise<number | null>;

const CALLS_AT_ONCE = 4;
const TIMEOUT_MS = 60_000;
/** A provider that is busy or in trouble is waited for so long, ms. */
const PATIENCE_MS = 120_000;
/** A server without the counter answers so; 500 comes from proxies, and is believed only when it stays. */
const NO_COUNTER = new Set([400, 404, 405, 501]);
const TRIES = 3;

/**
 * The provider's own counter, POST /v1/messages/count_tokens. After the first answer that says there is none, it is not asked again.
 * @throws Error where the key is refused, or the server cannot be reached.
 */
export function anthropicCounter(config: AnthropicConfig): TokenCounter {
  const client = anthropicClient({ ...config, timeoutMs: TIMEOUT_MS });
  const slots = new Slots(CALLS_AT_ONCE);
  let absent = false;
  return (model, block) =>
    slots.run(async () => {
      for (let tries = 1; !absent; tries++) {
        const asked = await waitOut(PATIENCE_MS, () => ask(client, model, block));
        if (asked !== 'trouble') absent = asked === null;
        if (typeof asked === 'number') return asked;
        absent ||= tries === TRIES;
      }
      return null;
    });
}

async function ask(client: Anthropic, model: string, block: string): Promise<number | 'trouble' | null> {
  try {
    const count = await client.messages.countTokens({ model, system: [{ type: 'text', text: block }], messages: [{ role: 'user', content: '.' }] });
    // servers other than Anthropic's may answer with anything
    return z.object({ input_tokens: z.int().min(1) }).safeParse(count).data?.input_tokens ?? null;
  } catch (error) {
    if (!(error instanceof Anthropic.APIError) || error.status === undefined) throw error;
    const status = error.status as number;
    const wait = busy(error);
    if (wait !== undefined) throw wait;
    if (NO_COUNTER.has(status)) return null;
    if (status >= 500) return 'trouble';
    throw error;
  }
}

const TokensRecord = z.strictObject({ schema: z.literal(1), provider: z.string(), model: z.string(), sha256: z.string(), tokens: z.int().min(1) });

/** Counts kept in the object store by provider, model and text: no block is counted twice. */
export function storedCounts(store: ObjectStore, provider: string, model: string, counter: TokenCounter): CountTokens {
  const slots = new Slots(4 * CALLS_AT_ONCE);
  const known = new Map<string, Promise<number | null>>();
  const count = async (block: string): Promise<number | null> => {
    const of = { provider, model, sha256: sha256Hex(block) };
    const key = tokensKey(contentHash(of));
    const bytes = await store.get(key);
    if (bytes !== null) return TokensRecord.parse(JSON.parse(new TextDecoder().decode(bytes))).tokens;
    const tokens = await counter(model, block);
    if (tokens !== null) await store.putIfAbsent(key, canonicalJson({ schema: 1, ...of, tokens }));
    return tokens;
  };
  return (block) => {
    const asked = known.get(block) ?? slots.run(() => count(block));
    known.set(block, asked);
    return asked;
  };
}
