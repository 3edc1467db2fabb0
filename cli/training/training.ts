import { setTimeout as sleep } from 'node:timers/promises';
import { readManifest } from '../../activities/shards/manifest.ts';
import type { TrainInput, TrainResult } from '../../activities/training.ts';
import { ensureSearchAttributes, startOnce } from '../../infra/temporal.ts';
import { UsageError } from '../../infra/usage-error.ts';
import { contentHash } from '../../schemas/canonical.ts';
import type { TrainFile } from '../../schemas/training.ts';
import { trainWorkflowId } from '../../workflows/messages.ts';
import { SEARCH } from '../../workflows/search-attributes.ts';
import { Failure } from '../errors.ts';
import type { Output } from '../output.ts';
import type { Session } from '../session.ts';
import { checkpointOfRun } from './checkpoint.ts';
import { trainingText } from './result.ts';
import { trainingSightOf } from './sight.ts';
import { openTrainingProgress } from './training-progress.ts';
import { stateOf, whyTraining } from './view.ts';

const POLL_MS = 1_000;
/** Polls without a trainer after which that is said. */
const UNTAKEN = 5;

/**
 * Starts a training run, or joins the one of that name, and follows it. null where the user pressed Ctrl-C.
 * @throws UsageError where the dataset does not exist, and is not waited for, or there is nothing to start from, or a run of that name works with other settings.
 */
export async function trainToEnd(session: Session, file: TrainFile, output: Output): Promise<TrainResult | null> {
  const { client, store } = session;
  if (!file.wait && (await readManifest(store, file.campaign, file.generation ?? undefined)) === null) {
    throw new UsageError(`campaign: "${file.campaign}" has no ${file.generation === null ? 'published generation' : `generation ${file.generation}`} in ${store.describe()}; run it first, or set wait: true`);
  }
  const startFrom = file.startFrom === null ? null : await checkpointOfRun(store, file.startFrom, 'startFrom:');
  await ensureSearchAttributes(client);
  const input: TrainInput = { ...file, startFrom, uri: `s3://${store.bucket}/datasets/${file.campaign}`, checkpoints: `s3://${store.bucket}/checkpoints/${file.name}` };
  const workflowId = trainWorkflowId(file.name);
  const started = await startOnce(client, 'train', {
    workflowId,
    args: [input],
    memo: { input: contentHash(input) },
    typedSearchAttributes: [{ key: SEARCH.campaign, value: file.campaign }],
    staticSummary: `training ${file.name} on ${file.campaign}`,
  });
  if (!started) {
    const { memo } = await client.workflow.getHandle(workflowId).describe();
    if (memo?.['input'] !== contentHash(input)) throw new UsageError(`name: a run "${file.name}" is under way with other settings; choose another name`);
  }
  return await followTraining(session, file.name, output);
}

/**
 * Follows a run to its end. null where the user pressed Ctrl-C.
 * @throws Failure where it was cancelled.
 */
export async function followTraining({ client }: Pick<Session, 'client'>, run: string, output: Output): Promise<TrainResult | null> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  const progress = openTrainingProgress(output);
  let untaken = 0;
  let said = '';
  try {
    for (;;) {
      const sight = await trainingSightOf(client, run);
      if (sight?.status === 'CANCELLED') throw new Failure(`training ${run} was cancelled; \`exemplar train FILE\` goes on from its newest checkpoint`);
      if (sight?.status !== 'RUNNING') return (await client.workflow.getHandle(trainWorkflowId(run)).result()) as TrainResult;
      const { activity, told } = sight;
      if (activity?.step != null) progress.update(activity.step);
      if (activity !== null && activity.failure !== '') progress.notice(`attempt ${activity.attempt} follows: ${activity.failure}`);
      const why = whyTraining({ run, state: stateOf(sight), waiting: told?.waiting ?? '' });
      if (why !== said && why !== '') output.say(why);
      said = why;
      untaken = activity?.untaken === true ? untaken + 1 : 0;
      if (untaken === UNTAKEN) progress.notice('no trainer takes the run yet: `exemplar up` starts one');
      if (interrupt.signal.aborted) return null;
      await sleep(POLL_MS, undefined, { signal: interrupt.signal }).catch(() => undefined);
    }
  } finally {
    progress.stop();
    process.removeListener('SIGINT', onInterrupt);
  }
}

/** What came of following a run; `again` is the command that comes back to it. */
export function showResult(run: string, result: TrainResult | null, again: string, output: Output): void {
  if (result === null) {
    output.say(`detached: the run goes on; \`${again}\` comes back to it`);
    output.result({ run, detached: true }, '');
  } else {
    output.result({ ...result, detached: false }, trainingText(result));
  }
}
