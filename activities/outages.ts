import { ApplicationFailure } from '@temporalio/common';
import { FAILURE } from '../schemas/failure-types.ts';
import { toFailure } from './failures.ts';

/** Failures in a row before a campaign is told that its calls do not get through. */
const RUN_OF_FAILURES = 3;
/** A campaign is told again as long as calls fail: it forgets what nobody repeats. */
const REPEAT_MS = 60_000;
/** What most calls are made to. */
const MODEL = 'model';
/** What holds calls back that nothing ails. */
const LIMIT = 'limit';

/** `inTurn`: nothing ails the calls, they wait for their turn. */
type Tell = (campaign: string, reason: string, inTurn: boolean) => Promise<void>;

interface Told {
  reason: string;
  /** Milliseconds of the clock. */
  at: number;
}

/**
 * Notices a run of infrastructure errors of the model, or of one tool: that another gets through says nothing of it. Each call is
 * retried by Temporal all the while; the campaign begins no further situation, and says why.
 */
export class Outages {
  /** Failures in a row, by campaign and by what fails. */
  readonly #streaks = new Map<string, number>();
  /** What each campaign has been told, by what fails. A campaign stands here once a call of it has got through. */
  readonly #told = new Map<string, Map<string, Told>>();
  /** What is on its way to campaigns. */
  readonly #telling = new Set<Promise<void>>();
  readonly #tell: Tell;
  readonly #now: () => number;

  constructor(tell: Tell, now: () => number = () => performance.now()) {
    this.#tell = tell;
    this.#now = now;
  }

  /** Takes note of how a call to `what` ends, and maps its error by the failure table. */
  async watch<T>(campaign: string, work: () => Promise<T>, what = MODEL): Promise<T> {
    try {
      const result = await work();
      this.passed(campaign, what);
      return result;
    } catch (error) {
      const failure = toFailure(error);
      if (failure instanceof ApplicationFailure && failure.nonRetryable !== true && failure.type !== FAILURE.turnedAway) this.failed(campaign, `${failure.type}: ${failure.message}`, what);
      throw failure;
    }
  }

  failed(campaign: string, reason: string, what = MODEL): void {
    const id = `${what} of ${campaign}`;
    const streak = (this.#streaks.get(id) ?? 0) + 1;
    this.#streaks.set(id, streak);
    if (streak >= RUN_OF_FAILURES) this.#say(campaign, reason, what);
  }

  #say(campaign: string, reason: string, what: string): void {
    const told = this.#told.get(campaign) ?? new Map<string, Told>();
    const before = told.get(what);
    if (before !== undefined && this.#now() - before.at < REPEAT_MS) return;
    this.#told.set(campaign, told.set(what, { reason, at: this.#now() }));
    this.#send([campaign, reason, what === LIMIT], () => told.delete(what));
  }

  /** Calls wait long for their turn, for a reason; "": they no longer do. */
  held(campaign: string, reason: string): void {
    if (reason === '') this.passed(campaign, LIMIT);
    else this.#say(campaign, reason, LIMIT);
  }

  passed(campaign: string, what = MODEL): void {
    this.#streaks.delete(`${what} of ${campaign}`);
    const told = this.#told.get(campaign);
    // what an earlier worker has told, such as one with a wrong key, only this one can take back
    if (told === undefined) {
      this.#told.set(campaign, new Map());
      this.#send([campaign, '', false], () => undefined);
      return;
    }
    const before = told.get(what);
    if (before === undefined) return;
    told.delete(what);
    // what else is out of reach is said again
    const [other, left] = [...told].at(-1) ?? [];
    this.#send([campaign, left?.reason ?? '', other === LIMIT], () => told.set(what, before));
  }

  /** Resolves once all that is on its way has arrived, or has failed to. */
  async said(): Promise<void> {
    await Promise.all(this.#telling);
  }

  #send(message: Parameters<Tell>, onFailure: () => void): void {
    const telling = this.#tell(...message)
      .catch(onFailure)
      .finally(() => this.#telling.delete(telling));
    this.#telling.add(telling);
  }
}
