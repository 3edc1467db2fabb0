import { describe, expect, test } from 'vitest';
import { parseMessages } from '../../../worlds/sim/request.ts';
import { inputTokens, PromptCache } from '../../../worlds/sim/usage.ts';

type Ttl = '5m' | '1h' | null;
/** Blocks of the system prompt: characters, the letter they are made of, and how long they are to be cached. */
function body(blocks: [number, string, Ttl][], question = 'What now?', model = 'm') {
  const system = blocks.map(([length, letter, ttl]) => ({ type: 'text', text: letter.repeat(length), ...(ttl === null ? {} : { cache_control: { type: 'ephemeral', ttl } }) }));
  return parseMessages({ model, max_tokens: 10, system, messages: [{ role: 'user', content: question }] });
}
const QUESTION_TOKENS = 3; // "What now?" has nine characters, four make a token

describe('the prompt cache', () => {
  test('writes a prefix once and reads it for another question', () => {
    const cache = new PromptCache();
    expect(cache.arrive(body([[8000, 'a', '5m']])).begin()).toMatchObject({ input_tokens: QUESTION_TOKENS, cache_read_input_tokens: 0, cache_creation_input_tokens: 2000 });
    expect(cache.arrive(body([[8000, 'a', '5m']], 'And then?')).begin()).toMatchObject({ input_tokens: QUESTION_TOKENS, cache_read_input_tokens: 2000, cache_creation_input_tokens: 0 });
  });

  test('reads no prefix that differs anywhere before its end, nor one of another model', () => {
    const cache = new PromptCache();
    cache.arrive(body([[400, 'r', null], [8000, 'a', '5m']])).begin();
    expect(cache.arrive(body([[400, 's', null], [8000, 'a', '5m']])).begin().cache_read_input_tokens).toBe(0);
    expect(cache.arrive(body([[8000, 'a', '5m']])).begin().cache_read_input_tokens).toBe(0);
    expect(cache.arrive(body([[400, 'r', null], [8000, 'a', '5m']], 'What now?', 'other')).begin().cache_read_input_tokens).toBe(0);
  });

  test('reads the longest known prefix and writes what follows it up to the next breakpoint', () => {
    const cache = new PromptCache();
    cache.arrive(body([[8000, 'a', '1h']])).begin();
    expect(cache.arrive(body([[8000, 'a', '1h'], [4000, 'b', '5m']])).begin()).toMatchObject({
      cache_read_input_tokens: 2000,
      cache_creation_input_tokens: 1000,
      cache_creation: { ephemeral_5m_input_tokens: 1000, ephemeral_1h_input_tokens: 0 },
    });
  });

  test('keeps nothing shorter than 1024 tokens', () => {
    const cache = new PromptCache();
    const short = body([[4 * 1023, 'a', '5m']]);
    expect(cache.arrive(short).begin()).toMatchObject({ input_tokens: 1023 + QUESTION_TOKENS, cache_creation_input_tokens: 0 });
    expect(cache.arrive(short).begin().cache_read_input_tokens).toBe(0);
    expect(cache.arrive(body([[4 * 1024, 'a', '5m']])).begin().cache_creation_input_tokens).toBe(1024);
  });

  test('forgets after the time to live, which each reading starts anew', () => {
    let minutes = 0;
    const cache = new PromptCache(() => minutes * 60_000);
    const five = body([[8000, 'a', '5m']]);
    const hour = body([[8000, 'b', '1h']]);
    cache.arrive(five).begin();
    cache.arrive(hour).begin();
    minutes = 4;
    expect(cache.arrive(five).begin().cache_read_input_tokens).toBe(2000);
    minutes = 8;
    expect(cache.arrive(five).begin().cache_read_input_tokens).toBe(2000);
    minutes = 14;
    expect(cache.arrive(five).begin().cache_read_input_tokens).toBe(0);
    minutes = 59;
    expect(cache.arrive(hour).begin().cache_read_input_tokens).toBe(2000);
    minutes = 200;
    expect(cache.arrive(hour).begin().cache_read_input_tokens).toBe(0);
  });

  test('charges every token once: read, written or plain', () => {
    const cache = new PromptCache();
    for (const request of [body([[8000, 'a', '5m'], [999, 'b', null]]), body([[8000, 'a', '5m'], [5001, 'c', '1h'], [7, 'd', null]])]) {
      const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens } = cache.arrive(request).begin();
      expect(input_tokens + cache_read_input_tokens + cache_creation_input_tokens).toBe(inputTokens(request));
    }
  });

  test('more than four breakpoints are refused', () => {
    expect(() => body(Array.from({ length: 5 }, () => [10, 'a', '5m'] as [number, string, Ttl]))).toThrow('a maximum of 4 blocks with cache_control');
  });
});
