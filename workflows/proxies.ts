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
