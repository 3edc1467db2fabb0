import { Context } from '@temporalio/activity';
import { beating, lostAttempts } from './heartbeat.ts';
import type { Outages } from './outages.ts';

/**
 * An activity that asks the model: it beats, maps errors by the failure table, and tells the next attempt which earlier ones paid for
 * nothing. `whose` is the campaign, or the part of it, that outages are told to.
 */
export async function paidActivity<T>(outages: Outages, whose: string, work: () => Promise<T>): Promise<T> {
  const { attempt, settled } = lostAttempts();
  return await outages.watch(whose, async () => {
    try {
      return await beating({ settled }, work);
    } catch (error) {
      // the provider answered, or was never reached: this attempt paid for nothing
      if (answered(error)) Context.current().heartbeat({ settled: Math.min(attempt, settled + 1) });
      throw error;
    }
  });
}

function answered(error: unknown): boolean {
  return error instanceof Error && 'status' in error && typeof error.status === 'number';
}
