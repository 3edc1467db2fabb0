import { proxyActivities } from '@temporalio/workflow';
import type { TrainActivities, TrainInput, TrainResult } from '../activities/training.ts';
import { QUEUES } from './messages.ts';

/*
 * One training run on a GPU worker. The Python activity trains in a child process, beats with its last durable checkpoint, and,
 * started again after a lost worker, goes on from there.
 */
const { train: trainActivity } = proxyActivities<TrainActivities>({
  taskQueue: QUEUES.train,
  startToCloseTimeout: '7 days',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '2 seconds', maximumInterval: '1 minute', maximumAttempts: 50 },
});

export async function train(input: TrainInput): Promise<TrainResult> {
  return await trainActivity(input);
}
