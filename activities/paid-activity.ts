import { Context } from '@temporalio/activity';
import { NOTHING_LOST } from '../schemas/failure-types.ts';
import { toFailure } from './failures.ts';
import { beating, lostAttempts } from './heartbeat.ts';
import type { Outages } from './outages.ts';
import { Unanswered } from './unanswered.ts';

/**
 * An activity that asks the model: it beats, maps errors by the failure table, and tells the next attempt which earlier ones paid for
 * nothing. `whose` is the campaign, or the part of it, that outages are told to.
 */
export async function paidActivity<T>(outages: Outages, whose: string, work: () => Promise<T>): Promise<T> {
  const { attempt, settled, lost } = lostAttempts();
  return await outages.watch(whose, async () => {
    try {
      return await beating({ settled }, work);
    } catch (error) {
      if (error instanceof Unanswered) throw error;
      // whatever else went wrong, this attempt paid for nothing that is not stored
      Context.current().heartbeat({ settled: Math.min(attempt, settled + 1) });
      throw lost === 0 ? toFailure(error, [NOTHING_LOST]) : error;
    }
  });
}
