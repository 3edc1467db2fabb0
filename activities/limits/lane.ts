import type { Usage } from '../../schemas/records.ts';
import { Busy, LIMITED_BY, type LimitedBy, type LimitReadings } from '../model.ts';
import { Bucket } from './bucket.ts';
import type { Clock } from './clock.ts';
import { FairQueue } from './fair-queue.ts';
import { HeldCampaigns } from './held-campaigns.ts';
import { Pace } from './pace.ts';
import { Refusals } from './refusals.ts';
import { UsualCost, type CallSize, type Cost } from './usual-cost.ts';
import { TurnedAway } from './turned-away.ts';
import { backoff } from './wait-out.ts';

export interface Call {
  model: string;
  campaign: string;
  size: CallSize;
  /** Others of its campaign wait for it: goes ahead of them. */
  urgent: boolean;
}

interface Waiting {
  call: Call;
  /** Since when it has been tried, ms. */
  since: number;
  admit: (admission: Admission) => void;
}

/** A call that is out. */
interface Admission {
  cost: Cost;
  sentAt: number;
}

/** Calls out at once before the first answer tells the limits; one more for each answer that tells none. */
const FIRST_WINDOW = 16;
/** However long the next call has to wait, those who wait long are looked at so often, ms. */
const LOOK_MS = 5_000;
/** Tokens are told to the nearest thousand. */
const GRAIN: Record<LimitedBy, number> = { requests: 0, tokens: 1_000, inputTokens: 1_000, outputTokens: 1_000 };
const UNITS: Record<LimitedBy, string> = { requests: 'requests', tokens: 'tokens', inputTokens: 'input tokens', outputTokens: 'output tokens' };

/** The calls of one model: who goes next, and when. */
export class Lane {
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #queue = new FairQueue<Waiting>();
  readonly #buckets = new Map<LimitedBy, Bucket>();
  readonly #pace = new Pace();
  readonly #usual = new UsualCost();
  readonly #refusals = new Refusals();
  readonly #held: HeldCampaigns;
  readonly #out = new Set<Admission>();
  #window = FIRST_WINDOW;
  /** Nothing goes before, ms; set by refusals. */
  #closedUntil = 0;
  #wake: (() => void) | null = null;
  #closed = false;
  /** Of each call that is not out. */
  readonly #turnAway = new Set<() => void>();

  constructor(clock: Clock, patienceMs: number, held: (campaign: string, reason: string) => void) {
    this.#clock = clock;
    this.#patienceMs = patienceMs;
    this.#held = new HeldCampaigns(held);
  }

  async run<T extends { usage: Usage }>(call: Call, send: (onLimits: (readings: LimitReadings) => void) => Promise<T>): Promise<T> {
    const since = this.#clock.now();
    for (let refusals = 1; ; refusals++) {
      const admission = await this.#admission(call, since, call.urgent || refusals > 1);
      let wait: number;
      try {
        const answer = await send((readings) => this.#read(readings));
        this.#answered(call, admission, answer.usage);
        return answer;
      } catch (error) {
        if (!(error instanceof Busy)) throw error;
        if (this.#clock.now() > since + this.#patienceMs) throw error.cause instanceof Error ? error.cause : error;
        wait = this.#refused(admission, error, refusals);
      } finally {
        this.#out.delete(admission);
        this.#serve();
      }
      if (wait > 0) await this.#waiting<void>((go) => this.#clock.after(wait, go));
    }
  }

  #admission(call: Call, since: number, first: boolean): Promise<Admission> {
    return this.#waiting((admit) => {
      this.#queue.push(call.campaign, { call, since, admit }, first);
      this.#serve();
    });
  }

  /** No call goes out from now on: those that wait are turned away, and so are those that come. */
  close(): void {
    this.#closed = true;
    for (const turnAway of this.#turnAway) turnAway();
    this.#turnAway.clear();
    this.#serve();
  }

  /** @throws TurnedAway where the lane closes before `begin` calls what it is given. */
  #waiting<T>(begin: (go: (value: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const turnAway = () => reject(new TurnedAway());
      if (this.#closed) return turnAway();
      this.#turnAway.add(turnAway);
      begin((value) => {
        this.#turnAway.delete(turnAway);
        resolve(value);
      });
    });
  }

  /** Lets go who may, and sees to it that the next is looked at when its time comes. */
  #serve(): void {
    this.#wake?.();
    this.#wake = null;
    if (this.#closed) return;
    const now = this.#clock.now();
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      if (!this.#informed && this.#out.size >= this.#window) break;
      const cost = this.#usual.of(next.call.size);
      const at = this.#admitAt(cost, now);
      if (at > now) {
        this.#wake = this.#clock.after(Math.min(LOOK_MS, Math.ceil(at - now)), () => this.#serve());
        break;
      }
      this.#queue.shift(this.#shareOf(cost));
      for (const [what, bucket] of this.#buckets) bucket.draw(cost[what], now);
      this.#pace.sent(now);
      const admission = { cost, sentAt: now };
      this.#out.add(admission);
      next.admit(admission);
    }
    this.#held.look(this.#queue.heads(), now, () => this.#reason(now));
  }

  /** Whether headers or a refusal have told how fast calls may go. */
  get #informed(): boolean {
    return this.#buckets.size > 0 || this.#pace.perMinute(this.#clock.now()) !== null;
  }

  #admitAt(cost: Cost, now: number): number {
    return Math.max(this.#closedUntil, this.#pace.admitAt, ...[...this.#buckets].map(([what, bucket]) => bucket.admitAt(cost[what], now)));
  }

  #read(readings: LimitReadings): void {
    const now = this.#clock.now();
    for (const what of LIMITED_BY) {
      const reading = readings[what];
      if (reading === undefined) continue;
      const bucket = this.#buckets.get(what) ?? new Bucket();
      this.#buckets.set(what, bucket);
      // requests and input count on arrival, output when it is there
      const unseen = what === 'requests' || what === 'inputTokens' ? 0 : [...this.#out].reduce((sum, { cost }) => sum + cost.outputTokens, 0);
      bucket.read(reading, unseen, now);
    }
  }

  #answered(call: Call, { cost }: Admission, usage: Usage): void {
    const now = this.#clock.now();
    this.#window += 1;
    this.#pace.answered(now);
    this.#refusals.answered();
    const spent = this.#usual.learn(call.size, usage);
    if (spent === null) return;
    for (const [what, bucket] of this.#buckets) bucket.correct(spent[what] - cost[what]);
    this.#queue.correct(call.campaign, this.#shareOf(spent) - this.#shareOf(cost));
  }

  /** What a call takes of the limit that it takes most of, ms of it; calls count alike where no limit is known. */
  #shareOf(cost: Cost): number {
    return Math.max(1, ...[...this.#buckets].map(([what, bucket]) => bucket.share(cost[what])));
  }

  /** How long the call stays away before it stands in line again, ms; 0 where all calls are held back instead. */
  #refused({ cost, sentAt }: Admission, busy: Busy, refusals: number): number {
    const now = this.#clock.now();
    const room = this.#buckets.size > 0 && [...this.#buckets].every(([what, bucket]) => bucket.hasRoom(cost[what], GRAIN[what], now));
    const verdict = this.#refusals.refused(busy.overloaded, room, now);
    const wait = busy.retryAfterMs ?? backoff(verdict === 'all' ? this.#refusals.inARow : refusals);
    if (verdict === 'this call') return wait;
    this.#pace.refused(sentAt, now);
    this.#closedUntil = Math.max(this.#closedUntil, now + wait);
    return 0;
  }

  #reason(now: number): string {
    if (this.#closedUntil > now) return `rate limit: the model is ${this.#refusals.overloaded ? 'overloaded' : 'busy'}, and is asked again at ${new Date(this.#closedUntil).toISOString().slice(11, 19)} UTC`;
    const bound = this.#pace.perMinute(now);
    const cost = this.#usual.of({ chars: 0, warm: true, maxTokens: 0 });
    const [latest] = [...this.#buckets].sort(([a, x], [b, y]) => y.admitAt(cost[b], now) - x.admitAt(cost[a], now));
    if (latest !== undefined && latest[1].admitAt(0, now) >= this.#pace.admitAt) return `rate limit: ${latest[1].perMinute.toLocaleString('en-US')} ${UNITS[latest[0]]} a minute`;
    return bound === null ? 'rate limit' : `rate limit: about ${Math.round(bound)} requests a minute`;
  }
}
