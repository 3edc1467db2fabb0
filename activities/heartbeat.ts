import { Context } from '@temporalio/activity';

const BEAT_MS = 4_000;

/** What an activity tells the next attempt: how many earlier attempts are known to have paid for nothing. */
export interface Beat {
  settled: number;
}

/**
 * Beats every few seconds while `work` runs. Not at once: most work ends sooner, the server counts its heartbeat timeout from the start,
 * and what an attempt last said stays known until a later one says more.
 */
export async function beating<T>(beat: Beat, work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  // the server knows nothing of a local activity
  if (context.info.isLocal) return await work();
  const timer = setInterval(() => context.heartbeat(beat), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Earlier attempts that ended without a word: each may have paid for an answer that nobody stored. */
export function lostAttempts(): { attempt: number; settled: number; lost: number } {
  const { info } = Context.current();
  const { attempt } = info;
  const settled = (info.heartbeatDetails as Beat | undefined)?.settled ?? 0;
  return { attempt, settled, lost: Math.max(0, attempt - 1 - settled) };
}
