import type { Client } from '@temporalio/client';
import { situationWorkflowId } from '../../workflows/messages.ts';

const LIMIT_MS = 30_000;

/** Resolves once each of these situations, in its first try, has been sent the signal. */
export async function haveHeard(client: Client, campaign: string, indexes: readonly number[], signal: string): Promise<void> {
  const heard = async (index: number) => {
    // one that has not begun is not found
    const history = await client.workflow.getHandle(situationWorkflowId(campaign, index, 0)).fetchHistory().catch(() => null);
    return history?.events?.some(({ workflowExecutionSignaledEventAttributes: told }) => told?.signalName === signal) === true;
  };
  for (const deadline = Date.now() + LIMIT_MS; !(await Promise.all(indexes.map(heard))).every(Boolean); ) {
    if (Date.now() > deadline) throw new Error(`not all of situations ${indexes.join(', ')} were sent ${signal}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
