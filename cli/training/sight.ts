import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { decodeOptionalFailureToOptionalError, decodeOptionalSinglePayload } from '@temporalio/common/lib/internal-non-workflow/index.js';
import proto from '@temporalio/proto';
import { trainingQuery, trainWorkflowId, type TrainingState } from '../../workflows/messages.ts';
import { quietly } from '../campaign/sight.ts';
import type { TrainingStep } from './training-progress.ts';

const { PendingActivityState } = proto.temporal.api.enums.v1;

/** What Temporal says of a training run at this moment. */
export interface TrainingSight {
  /** Temporal's: RUNNING, COMPLETED, CANCELLED, FAILED, ... */
  status: string;
  /** null where it does not run, and while no worker answers. */
  told: TrainingState | null;
  /** The activity that trains; null where none has begun, or it has ended. */
  activity: TrainingActivity | null;
}

export interface TrainingActivity {
  /** What it last said; null: nothing yet. */
  step: TrainingStep | null;
  attempt: number;
  /** Why the attempt before ended, or "". */
  failure: string;
  /** No worker has taken it yet. */
  untaken: boolean;
  /** It was told to put a checkpoint and end. */
  stopping: boolean;
}

/** Looks once; null where no run has this name. */
export async function trainingSightOf(client: Client, run: string): Promise<TrainingSight | null> {
  const handle = client.workflow.getHandle(trainWorkflowId(run));
  let description: WorkflowExecutionDescription;
  try {
    description = await handle.describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
  const status = description.status.name;
  const told = status === 'RUNNING' ? await quietly(client, () => handle.query(trainingQuery)) : null;
  return { status, told, activity: await activityOf(client, description) };
}

async function activityOf({ options: { loadedDataConverter } }: Client, { raw }: WorkflowExecutionDescription): Promise<TrainingActivity | null> {
  const pending = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'train');
  if (pending === undefined) return null;
  const step = await decodeOptionalSinglePayload<TrainingStep | Record<string, never>>(loadedDataConverter, pending.heartbeatDetails?.payloads?.[0]);
  const failure = await decodeOptionalFailureToOptionalError(loadedDataConverter, pending.lastFailure);
  return {
    step: step != null && 'step' in step ? (step as TrainingStep) : null,
    attempt: pending.attempt ?? 0,
    failure: failure?.message ?? '',
    untaken: (pending.lastWorkerIdentity ?? '') === '',
    stopping: pending.state === PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED,
  };
}
