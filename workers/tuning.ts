import type { WorkerOptions } from '@temporalio/worker';
import { DEFAULT_SLOTS, type WorkerQueue } from './queues.ts';

const IO_SLOTS = 50;
const TOOL_SLOTS = 20;

/** Most open polls: a task that finds one waiting is handed over at once, where it would else be written to the server's database and read back. */
const MOST_POLLS = 30;

/** Model calls in flight at once in one process, and no more polls than there is room for. */
export function llmTuning(slots: number): Partial<WorkerOptions> {
  return { maxConcurrentActivityTaskExecutions: slots, activityTaskPollerBehavior: { type: 'simple-maximum', maximum: Math.min(MOST_POLLS, slots) } };
}

/** How one process works on each queue. */
export const TUNING: Record<WorkerQueue, Partial<WorkerOptions>> = {
  orchestrate: { maxCachedWorkflows: 1_000, workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: MOST_POLLS } },
  llm: llmTuning(DEFAULT_SLOTS),
  tools: { maxConcurrentActivityTaskExecutions: TOOL_SLOTS },
  io: { maxConcurrentActivityTaskExecutions: IO_SLOTS },
};
