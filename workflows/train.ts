import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  isCancellation,
  patched,
  proxyActivities,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { PublishedActivities } from '../activities/published.ts';
import type { TrainActivities, TrainInput, TrainResult } from '../activities/training.ts';
import { pauseSignal, QUEUES, resumeSignal, trainingQuery, type TrainingState } from './messages.ts';
import { movesOn } from './auto-upgrade.ts';

/*
 * One training run on a GPU worker.
 *
 * Where the file says so, wait until the generation is published. The Python activity trains in a child process, beats with its last
 * durable checkpoint, and, started again after a lost worker, goes on from there. A pause cancels it: it puts a checkpoint and ends, and
 * another one goes on from that after the resume. A run that is cancelled ends when the checkpoint is put.
 */

/** Between two looks for a generation, ms. */
const FIRST_LOOK_MS = 10_000;
const LOOK_MS = 60_000;

const { train: trainActivity } = proxyActivities<TrainActivities>({
  taskQueue: QUEUES.train,
  startToCloseTimeout: '7 days',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '2 seconds', maximumInterval: '1 minute', maximumAttempts: 50 },
});
const io = proxyActivities<PublishedActivities>({
  taskQueue: QUEUES.io,
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

movesOn(train);

export async function train(input: TrainInput): Promise<TrainResult> {
  const { wait = false, ...config } = input;
  const run = CancellationScope.current();
  let training: CancellationScope | null = null;
  let paused = false;
  let waiting = '';
  setHandler(pauseSignal, () => {
    paused = true;
    training?.cancel();
  });
  setHandler(resumeSignal, () => {
    paused = false;
  });
  setHandler(trainingQuery, (): TrainingState => ({ paused, waiting }));

  async function published(generation: number): Promise<void> {
    for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(2 * pauseMs, LOOK_MS)) {
      await condition(() => !paused);
      if ((await io.newestGeneration({ campaign: config.campaign })) >= generation) break;
      waiting = `generation ${generation} of campaign ${config.campaign}`;
      await sleep(pauseMs);
      if (!paused && workflowInfo().continueAsNewSuggested) await continueAsNew<typeof train>(input);
    }
    waiting = '';
  }

  if (wait) await published(config.generation ?? 1);
  const cancellationType = patched('checkpoint-first') ? ActivityCancellationType.WAIT_CANCELLATION_COMPLETED : ActivityCancellationType.TRY_CANCEL;
  for (;;) {
    await condition(() => !paused);
    training = new CancellationScope();
    try {
      return await training.run(() => trainActivity.executeWithOptions({ cancellationType }, [config]));
    } catch (error) {
      if (!training.consideredCancelled || !hasStopped(error)) throw error;
      if (run.consideredCancelled) throw new CancelledFailure('the training was cancelled');
    }
  }
}

/** Whether an activity that was to be cancelled ended for that: by itself, or by a failure after which it would else be tried again. */
function hasStopped(error: unknown): boolean {
  if (isCancellation(error)) return true;
  if (!(error instanceof ActivityFailure) || error.retryState !== 'CANCEL_REQUESTED') return false;
  return !(error.cause instanceof ApplicationFailure) || error.cause.nonRetryable !== true;
}
