import { Limiter, type LimiterOptions } from '../../activities/limits/limiter.ts';
import { Busy, type LimitReadings } from '../../activities/model.ts';
import { readLimits } from '../../infra/rate-limit-headers.ts';
import { LimitLaw } from '../../schemas/law.ts';
import type { Usage } from '../../schemas/records.ts';
import { RateLimited, RateLimits } from '../../worlds/sim/rate-limits.ts';
import { rngOf } from '../../worlds/rng.ts';
import { VirtualClock } from './virtual-clock.ts';

/** One call as the provider saw it. */
export interface Seen {
  /** Milliseconds since the beginning: arrival. */
  at: number;
  who: string;
  refused: boolean;
  inputTokens: number;
  outputTokens: number;
}

export interface ProviderOptions {
  law?: Partial<LimitLaw>;
  latencyMs?: number;
  /** What it tells of its limits, where that is not the truth. */
  tells?: (headers: Record<string, string>) => Record<string, string>;
  /** Whatever else ails it, looked at before its limits. */
  ails?: (at: number) => Busy | null;
  tokens?: (rng: () => number) => { inputTokens: number; outputTokens: number };
}

/** The simulated model's own limits in virtual time, and callers who always have another call to make. */
export class LimitedProvider {
  readonly clock = new VirtualClock();
  readonly seen: Seen[] = [];
  readonly #began = this.clock.now();
  readonly #limits: RateLimits;
  readonly #options: ProviderOptions;
  readonly #rng = rngOf('tokens');

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.#limits = new RateLimits(options.law === undefined ? undefined : LimitLaw.parse(options.law), this.clock.now);
  }

  /** A process of its own. */
  process(options: Partial<LimiterOptions> = {}): Limiter {
    return new Limiter({ patienceMs: 24 * 3_600_000, clock: this.clock, ...options });
  }

  /** `count` callers who call without rest for so long. */
  callers(limiter: Limiter, campaign: string, count: number, forMs: number, who = campaign): void {
    const end = this.clock.now() + forMs;
    for (let i = 0; i < count; i++) {
      void (async () => {
        while (this.clock.now() < end) await this.call(limiter, campaign, who);
      })();
    }
  }

  async call(limiter: Limiter, campaign: string, who = campaign, urgent = false): Promise<void> {
    const tokens = (this.#options.tokens ?? (() => ({ inputTokens: 500, outputTokens: 100 })))(this.#rng);
    await this.callOf(limiter, campaign, tokens, who, urgent);
  }

  /** A call of a size. */
  async callOf(limiter: Limiter, campaign: string, { inputTokens, outputTokens }: { inputTokens: number; outputTokens: number }, who = campaign, urgent = false): Promise<void> {
    const size = { chars: 4 * inputTokens, warm: false, maxTokens: 8_000 };
    await limiter.run({ model: 'm', campaign, size, urgent }, (onLimits) => this.#answer(who, inputTokens, outputTokens, onLimits));
  }

  async #answer(who: string, inputTokens: number, outputTokens: number, onLimits: (readings: LimitReadings) => void): Promise<{ usage: Usage }> {
    const account = this.#limits.account('k', 'm');
    const tell = () => onLimits(readLimits(new Headers({ ...(this.#options.tells ?? ((told) => told))(account.headers()), date: new Date(this.clock.now()).toUTCString() })));
    const seen: Seen = { at: this.clock.now() - this.#began, who, refused: false, inputTokens, outputTokens };
    this.seen.push(seen);
    const ailment = this.#options.ails?.(seen.at) ?? null;
    try {
      if (ailment !== null) throw ailment;
      account.admit(inputTokens);
    } catch (error) {
      seen.refused = true;
      tell();
      throw error instanceof RateLimited ? new Busy(error.message, (error.retryAfterS as number) * 1_000, { cause: error }) : error;
    }
    await new Promise<void>((answered) => this.clock.after(this.#options.latencyMs ?? 1_000, answered));
    account.produced(outputTokens);
    tell();
    return { usage: { inputTokens, outputTokens, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0 } };
  }

  /** What it saw between two times, seconds: answered calls and tokens a minute, and the share of refusals. */
  between(fromS: number, toS: number, who?: string): { requests: number; inputTokens: number; outputTokens: number; refused: number; refusals: number } {
    const seen = this.seen.filter((each) => each.at >= fromS * 1_000 && each.at < toS * 1_000 && (who === undefined || each.who === who));
    const answered = seen.filter(({ refused }) => !refused);
    const perMinute = (sum: number) => (sum * 60) / (toS - fromS);
    return {
      requests: perMinute(answered.length),
      inputTokens: perMinute(answered.reduce((sum, each) => sum + each.inputTokens, 0)),
      outputTokens: perMinute(answered.reduce((sum, each) => sum + each.outputTokens, 0)),
      refusals: seen.length - answered.length,
      refused: seen.length === 0 ? 0 : (seen.length - answered.length) / seen.length,
    };
  }
}
