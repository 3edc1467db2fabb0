/** Failures in a row before a campaign is told that its calls do not get through. */
const RUN_OF_FAILURES = 3;

/**
 * Notices a run of infrastructure errors. Each call is retried by Temporal all the while; the campaign only says why it waits.
 */
export class Outages {
  readonly #streaks = new Map<string, number>();
  readonly #told = new Set<string>();
  readonly #tell: (campaign: string, reason: string) => Promise<void>;

  constructor(tell: (campaign: string, reason: string) => Promise<void>) {
    this.#tell = tell;
  }

  failed(campaign: string, reason: string): void {
    const streak = (this.#streaks.get(campaign) ?? 0) + 1;
    this.#streaks.set(campaign, streak);
    if (streak < RUN_OF_FAILURES || this.#told.has(campaign)) return;
    this.#told.add(campaign);
    void this.#tell(campaign, reason).catch(() => this.#told.delete(campaign));
  }

  passed(campaign: string): void {
    this.#streaks.delete(campaign);
    if (!this.#told.delete(campaign)) return;
    void this.#tell(campaign, '').catch(() => this.#told.add(campaign));
  }
}
