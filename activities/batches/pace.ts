import type { CampaignRecord } from '../../schemas/records.ts';

/** How long a campaign's batches take their time over things, ms. */
export interface Pace {
  /** Calls are gathered until no further one has come for so long, */
  gatherMs: number;
  /** or the first has waited for so long. */
  longestGatherMs: number;
  /** From the first look at a batch to the second; each later interval is half as long again, */
  pollMs: number;
  /** up to this. */
  longestPollMs: number;
  /** Without anything to do for so long, the workflow ends. */
  idleMs: number;
}

/** Most batches end within an hour: https://platform.claude.com/docs/en/build-with-claude/batch-processing */
const REAL: Pace = { gatherMs: 10_000, longestGatherMs: 60_000, pollMs: 5_000, longestPollMs: 60_000, idleMs: 300_000 };
/** Simulated ones within seconds. */
const SIMULATED: Pace = { gatherMs: 250, longestGatherMs: 2_000, pollMs: 200, longestPollMs: 1_000, idleMs: 5_000 };

export function paceOf({ simulated }: Pick<CampaignRecord, 'simulated'>): Pace {
  return simulated === null ? REAL : SIMULATED;
}

/** After so long without a word, a step that waits for a batch looks for its answer itself, ms. */
export function leaseOf({ simulated }: Pick<CampaignRecord, 'simulated'>): number {
  return simulated === null ? 600_000 : 20_000;
}

/** A worker that has put an intent asks for its batch within this time, or never. */
const BEGIN_MS = 10_000;
/** Slowest upload that is waited for, bytes a millisecond. */
const SLOWEST = 1_000;

/** How a request for a batch is bounded in time, so that others can tell when it can no longer arrive; ms. */
export function postBounds({ simulated }: Pick<CampaignRecord, 'simulated'>, bytes: number): { beginMs: number; timeoutMs: number; lostAfterMs: number } {
  const [least, clocks] = simulated === null ? [60_000, 60_000] : [5_000, 0];
  const [beginMs, timeoutMs] = [simulated === null ? BEGIN_MS : 1_000, least + Math.ceil(bytes / SLOWEST)];
  return { beginMs, timeoutMs, lostAfterMs: beginMs + timeoutMs + clocks };
}
