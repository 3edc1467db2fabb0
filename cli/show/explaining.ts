import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, WorkflowFailedError, WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { StepResult } from '../../activities/step-messages.ts';
import { PayloadKeyError } from '../../infra/codec/encryption.ts';
import type { ExplainInput } from '../../workflows/explain.ts';
import { QUEUES } from '../../workflows/messages.ts';
import { Failure } from '../errors.ts';

const LOOK_MS = 1_000;
/** gRPC status. */
const NOT_FOUND = 5;

/**
 * Begins an explanation, or joins the one under way, and waits for its end. One that the worker cannot read is ended: it would be tried
 * for ever, and whoever asks for it later would wait with it.
 * @throws Failure saying why there is none.
 */
export async function explaining(client: Client, workflowId: string, input: ExplainInput): Promise<StepResult> {
  const stuck = await taskFault(client, client.workflow.getHandle(workflowId));
  const handle = await client.workflow.start('explain', {
    workflowId,
    taskQueue: QUEUES.orchestrate,
    args: [input],
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    workflowIdConflictPolicy: stuck === null ? WorkflowIdConflictPolicy.USE_EXISTING : WorkflowIdConflictPolicy.TERMINATE_EXISTING,
  });
  const ended = new AbortController();
  try {
    return await Promise.race([handle.result() as Promise<StepResult>, endStuck(client, handle, ended.signal)]);
  } catch (error) {
    throw error instanceof WorkflowFailedError && error.cause !== undefined ? new Failure(error.cause.message) : error;
  } finally {
    ended.abort();
  }
}

/** Looks now and then; ends what cannot go on and @throws Failure with the reason. */
async function endStuck(client: Client, handle: WorkflowHandle, ended: AbortSignal): Promise<never> {
  for (;;) {
    await sleep(LOOK_MS, undefined, { signal: ended });
    const fault = await taskFault(client, handle);
    if (fault === null) continue;
    const why = `the worker cannot begin it: ${fault}`;
    await handle.terminate(why).catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    });
    // whoever waits for it hears the same
    throw new Failure(why);
  }
}

/** Why the last task of a workflow failed, such as a payload key that its worker lacks; null where none did. */
async function taskFault({ options: { loadedDataConverter } }: Client, handle: WorkflowHandle): Promise<string | null> {
  try {
    const { events } = await handle.fetchHistory();
    const task = (events ?? []).findLast((event) => event.workflowTaskFailedEventAttributes != null || event.workflowTaskCompletedEventAttributes != null);
    return (await decodeOptionalFailureToOptionalError(loadedDataConverter, task?.workflowTaskFailedEventAttributes?.failure))?.message ?? null;
  } catch (error) {
    if (isGrpcServiceError(error) && Number(error.code) === NOT_FOUND) return null;
    // the worker has a key, and it is not this one
    if (error instanceof PayloadKeyError) return error.message;
    throw error;
  }
}
