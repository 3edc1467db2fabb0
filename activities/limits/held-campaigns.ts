/** A call held back for so long is worth telling of, ms; one of less than the second ends it. */
const LONG_MS = 30_000;
const SHORT_MS = 10_000;

/** Tells campaigns, as long as it lasts, that their calls are held back for long, and once that they no longer are. */
export class HeldCampaigns {
  readonly #told = new Set<string>();
  readonly #tell: (campaign: string, reason: string) => void;

  constructor(tell: (campaign: string, reason: string) => void) {
    this.#tell = tell;
  }

  /** `heads`: of each campaign that waits, the call that goes next. */
  look(heads: Iterable<[string, { since: number }]>, now: number, reason: () => string): void {
    const short = new Set(this.#told);
    for (const [campaign, { since }] of heads) {
      const waited = now - since;
      if (waited >= SHORT_MS) short.delete(campaign);
      if (waited < LONG_MS) continue;
      this.#told.add(campaign);
      this.#tell(campaign, reason());
    }
    for (const campaign of short) {
      this.#told.delete(campaign);
      this.#tell(campaign, '');
    }
  }
}
