import { ApplicationFailure } from '@temporalio/workflow';
import type { ActorActivities } from '../activities/actor.ts';
import type { StepResult } from '../activities/step-messages.ts';
import { modelSteps } from './proxies.ts';

/*
 * One version of a plan, explained anew: outside the campaign that made it, with money of its own. Its answer is stored as any other,
 * so that the same question is paid for once.
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

export async function explain({ patienceMs, ...input }: ExplainInput): Promise<StepResult> {
  const { explain: take } = modelSteps<Pick<ActorActivities, 'explain'>>({ campaign: input.campaign, patienceMs });
  const result = await take({ ...input, path: 'x.explain', branch: 'x', pass: 0, chapter: -1, critique: null });
  if ('short' in result) throw ApplicationFailure.nonRetryable(`the call may cost up to $${(result.short / 1e9).toFixed(4)}, more than the budget given`);
  if ('asking' in result) throw ApplicationFailure.nonRetryable('an explanation is given without tools');
  if (result.stop !== undefined) throw ApplicationFailure.nonRetryable(result.stop.reason);
  return result;
}
