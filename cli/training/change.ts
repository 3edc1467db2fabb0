import { WorkflowNotFoundError } from '@temporalio/client';
import { UsageError } from '../../infra/usage-error.ts';
import { pauseSignal, resumeSignal, trainWorkflowId } from '../../workflows/messages.ts';
import type { Output } from '../output.ts';
import type { Session } from '../session.ts';
import { trainingName } from './name.ts';
import { trainingText } from './result.ts';
import { followTraining, showResult } from './training.ts';
import { trainingLine, viewTraining } from './view.ts';

/** Has a run put a checkpoint, and hold or end. */
export async function changeTraining({ client }: Pick<Session, 'client'>, run: string, change: 'paused' | 'cancelled', output: Output): Promise<void> {
  await viewTraining(client, run);
  const handle = client.workflow.getHandle(trainWorkflowId(run));
  const told = await reached(change === 'paused' ? handle.signal(pauseSignal) : handle.cancel());
  const view = await viewTraining(client, run);
  const again = change === 'paused' ? `exemplar resume ${trainingName(run)}` : 'exemplar train FILE';
  if (told) output.result({ ...view, told }, `training ${run} is ${change}: what runs puts a checkpoint; \`${again}\` goes on from it`);
  else output.result({ ...view, told }, `training ${run} is ${view.state}: there is nothing to ${change === 'paused' ? 'pause' : 'cancel'}`);
}

/**
 * Lets a paused run go on, and follows it.
 * @throws UsageError where it does not run: what it trains on stands in its file.
 */
export async function resumeTraining({ client }: Pick<Session, 'client'>, run: string, output: Output, detach: boolean): Promise<void> {
  await viewTraining(client, run);
  const told = await reached(client.workflow.getHandle(trainWorkflowId(run)).signal(resumeSignal));
  const view = await viewTraining(client, run);
  if (!told && view.state !== 'done') throw new UsageError(`NAME: training "${run}" is ${view.state}; \`exemplar train FILE\` goes on from its newest checkpoint`);
  if (detach) output.result({ ...view, told }, trainingLine(view));
  else showResult(run, await followTraining({ client }, run, output), `exemplar resume ${trainingName(run)}`, output);
}

/** Where a run stands, or what came of it; `watch`: once it has ended. */
export async function showTraining({ client }: Pick<Session, 'client'>, run: string, output: Output, watch: boolean): Promise<void> {
  const { state } = await viewTraining(client, run);
  const result = state === 'done' || (watch && state !== 'cancelled') ? await followTraining({ client }, run, output) : null;
  const view = await viewTraining(client, run);
  output.result({ ...view, result }, result === null ? trainingLine(view) : trainingText(result));
}

/** false where the run has ended. */
async function reached(telling: Promise<unknown>): Promise<boolean> {
  try {
    await telling;
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
