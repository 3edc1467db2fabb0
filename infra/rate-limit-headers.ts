/** A server's limits a minute; null where its headers do not state one. */
export interface RateLimits {
  requests: number | null;
  /** Input and output together. */
  tokens: number | null;
  inputTokens: number | null;
  outputTokens: number | null;
}

/** Limits as the headers of an answer state them: `anthropic-ratelimit-<what>-limit`, or the `x-ratelimit-limit-<what>` of other servers. */
export function readRateLimits(headers: Pick<Headers, 'get'>): RateLimits {
  const limit = (...names: string[]) => names.map((name) => positive(headers.get(name))).find((value) => value !== null) ?? null;
  return {
    requests: limit('anthropic-ratelimit-requests-limit', 'x-ratelimit-limit-requests'),
    tokens: limit('anthropic-ratelimit-tokens-limit', 'x-ratelimit-limit-tokens'),
    inputTokens: limit('anthropic-ratelimit-input-tokens-limit'),
    outputTokens: limit('anthropic-ratelimit-output-tokens-limit'),
  };
}

/** An absent header is null, and Number(null) is 0. */
function positive(value: string | null): number | null {
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? number : null;
}
