import type { ApplicationFailure } from '@temporalio/common';

/** A situation's try, as it waits for a call. */
export interface Waiter {
  campaign: string;
  index: number;
  try: number;
}

/** Between steps that wait for a batch and the campaign's workflow that gathers their calls. */
export interface BatchDesk {
  /** Tells the workflow, started where none runs, that a situation waits. */
  register(waiter: Waiter): Promise<void>;
  /** True where the workflow runs and knows of it. */
  knows(waiter: Waiter): Promise<boolean>;
  /** Ends the waiting activity's attempt: a retryable failure has the step taken again at once. One that no longer waits is passed over. */
  wake(waiter: Waiter, at: { run: string; activity: string }, failure: ApplicationFailure): Promise<void>;
}
