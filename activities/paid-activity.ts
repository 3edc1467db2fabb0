import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { toFailure } from './failures.ts';
import { beating, lostAttempts } from './heartbeat.ts';
import type { Outages } from './outages.ts';

/**
 * An activity that asks the model: it beats, maps errors by the failure table, and tells the next attempt which earlier ones paid for
 * nothing. `whose` is the campaign, or the part of it, that outages are told to.
 */
export async function paidActivity<T>(outages: Outages, whose: string, work: () => Promise<T>): Promise<T> {
  const { attempt, settled } = lostAttempts();
  try {
    const result = await beating({ settled }, work);
    outages.passed(whose);
    return result;
  } catch (error) {
    const failure = toFailure(error);
    if (failure instanceof ApplicationFailure && failure.nonRetryable !== true) outages.failed(whose, `${failure.type}: ${failure.message}`);
    // the provider answered, or was never reached: this attempt paid for nothing
    if (answered(error)) Context.current().heartbeat({ settled: Math.min(attempt, settled + 1) });
    throw failure;
  }
}

function answered(error: unknown): boolean {
  return error instanceof Error && 'status' in error && typeof error.status === 'number';
}
