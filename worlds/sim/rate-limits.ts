const WINDOW_MS = 60_000;
const REQUESTS = 100_000;
const INPUT_TOKENS = 1_000_000_000;
const OUTPUT_TOKENS = 100_000_000;

/** The anthropic-ratelimit-* headers of a fixed window a minute long. They only tell: nothing is refused by them. */
export class RateLimits {
  private opened = 0;
  private requests = 0;
  private input = 0;
  private output = 0;

  spend(inputTokens: number, outputTokens: number): void {
    if (Date.now() - this.opened >= WINDOW_MS) {
      this.opened = Date.now();
      this.requests = this.input = this.output = 0;
    }
    this.requests += 1;
    this.input += inputTokens;
    this.output += outputTokens;
  }

  headers(): Record<string, string> {
    const reset = new Date(this.opened + WINDOW_MS).toISOString();
    const of = (what: string, limit: number, used: number) => [
      [`anthropic-ratelimit-${what}-limit`, String(limit)],
      [`anthropic-ratelimit-${what}-remaining`, String(Math.max(0, limit - used))],
      [`anthropic-ratelimit-${what}-reset`, reset],
    ];
    return Object.fromEntries([
      ...of('requests', REQUESTS, this.requests),
      ...of('input-tokens', INPUT_TOKENS, this.input),
      ...of('output-tokens', OUTPUT_TOKENS, this.output),
    ]) as Record<string, string>;
  }
}
