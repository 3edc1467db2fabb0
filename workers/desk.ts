import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { ActivityNotFoundError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import type { BatchDesk, Waiter } from '../activities/batches/desk.ts';
import { formatTries, triesInPieces, type Tried } from '../activities/ranges.ts';
import { batchKnowsQuery, batchWaitSignal, batchWorkflowId, QUEUES, situationWorkflowId } from '../workflows/messages.ts';
import { SEARCH } from '../workflows/search-attributes.ts';

/** Situations that come to wait within this time are told of in one signal, ms. */
const TOGETHER_MS = 50;

/** Steps and batches find each other through Temporal. */
export class TemporalDesk implements BatchDesk {
  readonly #client: Client;
  readonly #gathering = new Map<string, { tries: Tried[]; told: Promise<void> }>();

  constructor(client: Client) {
    this.#client = client;
  }

  register({ campaign, index, try: attempt }: Waiter): Promise<void> {
    const known = this.#gathering.get(campaign);
    const tried = { index, try: attempt };
    if (known !== undefined) {
      known.tries.push(tried);
      return known.told;
    }
    const tries = [tried];
    const told = sleep(TOGETHER_MS).then(async () => {
      this.#gathering.delete(campaign);
      for (const waiting of triesInPieces(formatTries(tries))) await this.#tell(campaign, waiting);
    });
    this.#gathering.set(campaign, { tries, told });
    return told;
  }

  async #tell(campaign: string, waiting: string): Promise<void> {
    await this.#client.workflow.signalWithStart('batch', {
      workflowId: batchWorkflowId(campaign),
      taskQueue: QUEUES.orchestrate,
      args: [{ campaign }],
      signal: batchWaitSignal,
      signalArgs: [waiting],
      typedSearchAttributes: [{ key: SEARCH.campaign, value: campaign }],
      priority: { fairnessKey: campaign },
      staticSummary: `batches of ${campaign}`,
    });
  }

  async knows({ campaign, index, try: attempt }: Waiter): Promise<boolean> {
    const handle = this.#client.workflow.getHandle(batchWorkflowId(campaign));
    try {
      const { status } = await handle.describe();
      return status.name === 'RUNNING' && (await handle.query(batchKnowsQuery, { index, try: attempt }));
    } catch {
      // it is told once more, which does no harm
      return false;
    }
  }

  async wake({ campaign, index, try: attempt }: Waiter, { run, activity }: { run: string; activity: string }, failure: ApplicationFailure): Promise<void> {
    try {
      await this.#client.activity.fail({ workflowId: situationWorkflowId(campaign, index, attempt), runId: run, activityId: activity }, failure);
    } catch (error) {
      if (!(error instanceof ActivityNotFoundError)) throw error;
    }
  }
}
