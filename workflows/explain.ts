import { ApplicationFailure, patched, proxyActivities } from '@temporalio/workflow';
import type { ActorActivities } from '../activities/actor.ts';
import type { ExplainedActivities } from '../activities/explained.ts';
import type { StepResult } from '../activities/step-messages.ts';
import { QUEUES } from './messages.ts';
import { modelSteps } from './proxies.ts';

/*
 * One version of a plan, explained anew: outside the campaign that made it, with money of its own. Its answer is stored as any other,
 * so that the same question is paid for once; what it costs is booked to the campaign, before and after.
 */

export interface ExplainInput {
  campaign: string;
  index: number;
  try: number;
  /** Step record that holds the version; the head of the situation's chain. */
  version: string;
  log: string;
  /** Int nano-dollars; null: a model that costs nothing. */
  allowance: number | null;
  patienceMs: number;
}

const io = proxyActivities<ExplainedActivities>({
  taskQueue: QUEUES.io,
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

export async function explain({ patienceMs, ...input }: ExplainInput): Promise<StepResult> {
  const { campaign, index } = input;
  const { explain: take } = modelSteps<Pick<ActorActivities, 'explain'>>({ campaign, patienceMs });
  const booked = patched('explained');
  if (booked) await io.beginExplained({ campaign, index, calls: 0, nanoUsd: input.allowance ?? 0 });
  const result = await take({ ...input, path: 'x.explain', branch: 'x', pass: 0, chapter: -1, critique: null });
  if ('short' in result) {
    if (booked && result.broken === undefined) await io.endExplained({ campaign, index, calls: 0, nanoUsd: 0 });
    throw ApplicationFailure.nonRetryable(`the call may cost up to $${(result.short / 1e9).toFixed(4)}, more than the budget given`);
  }
  if ('asking' in result || 'left' in result) throw ApplicationFailure.nonRetryable('an explanation is given without tools');
  if (booked) await io.endExplained({ campaign, index, calls: result.calls, nanoUsd: result.charged });
  if (result.stop !== undefined) throw ApplicationFailure.nonRetryable(result.stop.reason);
  return result;
}
