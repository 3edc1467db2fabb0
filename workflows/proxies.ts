import { proxyActivities, type ActivityInterfaceFor, type ActivityOptions } from '@temporalio/workflow';
import { QUEUES } from './messages.ts';

/**
 * Activities of a campaign that ask the model, or something else that may be out of reach for long: retried until the campaign's
 * patience ends, and taken up by another worker soon after one is lost.
 */
export function modelSteps<A>({ campaign, patienceMs }: { campaign: string; patienceMs: number }, options: ActivityOptions = {}): ActivityInterfaceFor<A> {
  return proxyActivities<A>({
    taskQueue: QUEUES.llm,
    startToCloseTimeout: '2 hours',
    heartbeatTimeout: '15 seconds',
    scheduleToCloseTimeout: patienceMs,
    retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
    priority: { fairnessKey: campaign },
    ...options,
  });
}

/** A call in a batch is answered within a day, and may have to be asked several times; ms. */
const BATCHES_MS = 10 * 24 * 3_600_000;
const LEASE_MS = 600_000;

/** Steps whose calls wait for batches: they are not failing meanwhile, and look again by themselves where nobody wakes them. */
export function batchSteps<A>({ leaseMs = LEASE_MS, ...of }: { campaign: string; patienceMs: number; leaseMs?: number }): ActivityInterfaceFor<A> {
  return modelSteps<A>(of, { heartbeatTimeout: leaseMs, startToCloseTimeout: BATCHES_MS, scheduleToCloseTimeout: of.patienceMs + BATCHES_MS });
}
