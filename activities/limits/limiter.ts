import type { LimitReadings } from '../model.ts';
import type { Usage } from '../../schemas/records.ts';
import { wallClock, type Clock } from './clock.ts';
import { Lane, type Call } from './lane.ts';
import { TurnedAway } from './turned-away.ts';

export type { Call } from './lane.ts';

export interface LimiterOptions {
  /** How long a call is tried while the provider is busy, ms. */
  patienceMs: number;
  clock?: Clock;
  /** Told why a campaign's calls are held back for long, and "" when they no longer are. */
  held?: (campaign: string, reason: string) => void;
}

/**
 * Meets the provider's limits: one lane a model (the process has one key), in which calls wait their turn. Being busy is waited out
 * here, inside the activity, so that Temporal's attempts count real failures.
 */
export class Limiter {
  readonly #lanes = new Map<string, Lane>();
  readonly #patienceMs: number;
  readonly #clock: Clock;
  readonly #held: (campaign: string, reason: string) => void;
  #closed = false;

  constructor({ patienceMs, clock = wallClock, held = () => {} }: LimiterOptions) {
    this.#patienceMs = patienceMs;
    this.#clock = clock;
    this.#held = held;
  }

  /** Makes the call when it may be made; `send` hands on what the headers of the answer, or refusal, say of the limits. */
  async run<T extends { usage: Usage }>(call: Call, send: (onLimits: (readings: LimitReadings) => void) => Promise<T>): Promise<T> {
    if (this.#closed) throw new TurnedAway();
    const lane = this.#lanes.get(call.model) ?? new Lane(this.#clock, this.#patienceMs, this.#held);
    this.#lanes.set(call.model, lane);
    return await lane.run(call, send);
  }

  /** The worker is shutting down: calls that are out finish, and no more are made. Those that wait are turned away at once. */
  close(): void {
    this.#closed = true;
    for (const lane of this.#lanes.values()) lane.close();
  }
}
