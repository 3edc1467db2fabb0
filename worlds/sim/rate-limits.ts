import type { LimitLaw } from '../../schemas/law.ts';
import { ApiError } from './api-error.ts';

const MINUTE_MS = 60_000;
/** What the headers of a service without limits tell, a minute. */
const GENEROUS = { requests: 100_000, inputTokens: 1_000_000_000, outputTokens: 100_000_000 };
/** The service tells tokens to the nearest thousand. */
const TOLD_TOKENS = 1_000;

/**
 * The limits of each key and model, enforced as the service says that it does: buckets that fill continuously; requests and uncached
 * input are taken on arrival, output as it is produced, so that its bucket may be in debt. What is refused takes nothing. Source:
 * https://platform.claude.com/docs/en/api/rate-limits
 */
export class RateLimits {
  private readonly accounts = new Map<string, Account>();
  private readonly law: LimitLaw | undefined;
  private readonly now: () => number;

  /** `now`: milliseconds. */
  constructor(law: LimitLaw | undefined, now: () => number = Date.now) {
    this.law = law;
    this.now = now;
  }

  account(key: string, model: string): Account {
    const id = JSON.stringify([key, model]);
    const known = this.accounts.get(id) ?? new Account(model, this.law, this.now);
    this.accounts.set(id, known);
    return known;
  }
}

/** One key's use of one model. */
export class Account {
  private readonly model: string;
  private readonly requests: Bucket;
  private readonly input: Bucket;
  private readonly output: Bucket;

  constructor(model: string, law: LimitLaw | undefined, now: () => number) {
    this.model = model;
    const bucket = (what: string, limit: number | undefined, generous: number) => new Bucket(what, limit ?? generous, law?.burstS ?? 60, limit !== undefined, now);
    this.requests = bucket('requests', law?.requestsPerMinute, GENEROUS.requests);
    this.input = bucket('input tokens', law?.inputTokensPerMinute, GENEROUS.inputTokens);
    this.output = bucket('output tokens', law?.outputTokensPerMinute, GENEROUS.outputTokens);
  }

  /** Takes a request in. @throws RateLimited where a bucket does not hold enough. */
  admit(inputTokens: number): void {
    const waits = [this.requests.waitFor(1), this.input.waitFor(inputTokens), this.output.waitFor(1)];
    const longest = Math.max(...waits);
    if (longest > 0) throw new RateLimited([this.requests, this.input, this.output][waits.indexOf(longest)] as Bucket, this.model, longest);
    this.requests.take(1);
    this.input.take(inputTokens);
  }

  produced(outputTokens: number): void {
    this.output.take(outputTokens);
  }

  /** The anthropic-ratelimit-* headers: a limit a minute, what its bucket holds, and when that will be full. */
  headers(): Record<string, string> {
    const { requests, input, output } = this;
    const of = (what: string, buckets: Bucket[], grain: number) => {
      const sum = (value: (bucket: Bucket) => number) => buckets.reduce((total, bucket) => total + value(bucket), 0);
      const reset = Math.ceil(Math.max(...buckets.map((bucket) => bucket.fullAt())) / 1_000) * 1_000;
      return [
        [`anthropic-ratelimit-${what}-limit`, String(sum(({ perMinute }) => perMinute))],
        [`anthropic-ratelimit-${what}-remaining`, String(sum((bucket) => Math.max(0, grain === 1 ? Math.floor(bucket.level()) : Math.round(bucket.level() / grain) * grain)))],
        [`anthropic-ratelimit-${what}-reset`, new Date(reset).toISOString().replace('.000Z', 'Z')],
      ];
    };
    return Object.fromEntries([
      ...of('requests', [requests], 1),
      ...of('tokens', [input, output], TOLD_TOKENS),
      ...of('input-tokens', [input], TOLD_TOKENS),
      ...of('output-tokens', [output], TOLD_TOKENS),
    ]) as Record<string, string>;
  }
}

/** A refusal that names the limit. */
export class RateLimited extends ApiError {
  readonly limit: string;

  constructor({ what, perMinute }: Bucket, model: string, waitMs: number) {
    const message = `This request would exceed your organization's rate limit of ${perMinute.toLocaleString('en-US')} ${what} per minute (model: ${model}), simulated.`;
    super(429, 'rate_limit_error', message, Math.max(1, Math.ceil(waitMs / 1_000)));
    this.limit = what;
  }
}

class Bucket {
  readonly what: string;
  readonly perMinute: number;
  private readonly capacity: number;
  private readonly enforced: boolean;
  private readonly now: () => number;
  private held: number;
  private at: number;

  constructor(what: string, perMinute: number, burstS: number, enforced: boolean, now: () => number) {
    this.what = what;
    this.perMinute = perMinute;
    this.capacity = Math.max(1, (perMinute * burstS * 1_000) / MINUTE_MS);
    this.enforced = enforced;
    this.now = now;
    this.held = this.capacity;
    this.at = now();
  }

  /** Negative while in debt. */
  level(): number {
    const now = this.now();
    this.held = Math.min(this.capacity, this.held + ((now - this.at) * this.perMinute) / MINUTE_MS);
    this.at = now;
    return this.held;
  }

  take(amount: number): void {
    this.held = this.level() - amount;
  }

  /** Milliseconds until so much can be taken; more than the bucket can ever hold may be taken from a full one. */
  waitFor(amount: number): number {
    if (!this.enforced) return 0;
    return Math.max(0, ((Math.min(amount, this.capacity) - this.level()) * MINUTE_MS) / this.perMinute);
  }

  /** When it will be full, ms since 1970. */
  fullAt(): number {
    return this.now() + ((this.capacity - this.level()) * MINUTE_MS) / this.perMinute;
  }
}
