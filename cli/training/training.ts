import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { readManifest } from '../../activities/shards/manifest.ts';
import type { Ranking, TrainInput, TrainResult } from '../../activities/training.ts';
import { ensureSearchAttributes, startOnce } from '../../infra/temporal.ts';
import { UsageError } from '../../infra/usage-error.ts';
import type { TrainFile } from '../../schemas/campaign.ts';
import { contentHash } from '../../schemas/canonical.ts';
import { SEARCH } from '../../workflows/search-attributes.ts';
import { count } from '../figures.ts';
import { columns, type Output } from '../output.ts';
import type { Session } from '../session.ts';
import { openTrainingProgress, type TrainingStep } from './training-progress.ts';

const POLL_MS = 1_000;

/**
 * Starts a training run, or joins the one of that name, and follows it. null where the user pressed Ctrl-C.
 * @throws UsageError where the dataset does not exist or a run of that name works with other settings.
 */
export async function trainToEnd(session: Session, file: TrainFile, output: Output): Promise<TrainResult | null> {
  const { client, store } = session;
  if ((await readManifest(store, file.campaign, file.generation)) === null) {
    throw new UsageError(`campaign: "${file.campaign}" has no ${file.generation === undefined ? 'published generation' : `generation ${file.generation}`} in ${store.describe()}; run it first`);
  }
  await ensureSearchAttributes(client);
  const input: TrainInput = { ...file, uri: `s3://${store.bucket}/datasets/${file.campaign}`, checkpoints: `s3://${store.bucket}/checkpoints/${file.name}` };
  const workflowId = `exemplar/train/${file.name}`;
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
  return await follow(client.workflow.getHandle(workflowId), output);
}

async function follow(handle: WorkflowHandle, output: Output): Promise<TrainResult | null> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  const progress = openTrainingProgress(output);
  let waited = 0;
  try {
    for (;;) {
      const { status, raw } = await handle.describe();
      if (status.name !== 'RUNNING') return (await handle.result()) as TrainResult;
      const activity = raw.pendingActivities?.[0];
      const details = activity?.heartbeatDetails?.payloads?.[0];
      const step = details === undefined ? null : defaultPayloadConverter.fromPayload<TrainingStep | Record<string, never>>(details);
      if (step !== null && 'step' in step) progress.update(step as TrainingStep);
      const failure = activity?.lastFailure?.message;
      if (failure !== undefined && failure !== null && failure !== '') progress.notice(`attempt ${activity?.attempt ?? 0} follows: ${failure}`);
      waited = activity?.lastWorkerIdentity === '' ? waited + 1 : 0;
      if (waited === 5) progress.notice('no trainer takes the run yet: `exemplar up` starts one');
      if (interrupt.signal.aborted) return null;
      await sleep(POLL_MS, undefined, { signal: interrupt.signal }).catch(() => undefined);
    }
  } finally {
    progress.stop();
    process.removeListener('SIGINT', onInterrupt);
  }
}

/** How well the trained actor ranks final versions above earlier ones, split by split, beside chance. */
export function trainingText(result: TrainResult): string {
  const percent = (share: number | null) => (share === null ? '-' : `${(100 * share).toFixed(1)} %`);
  const row = (split: string, { pairAccuracy, interval, chance, longerFirst, pairs, top1, top1Chance, situations }: Ranking) => [
    `  ${split}`,
    percent(pairAccuracy),
    interval === null ? '-' : `${(100 * interval[0]).toFixed(1)}..${(100 * interval[1]).toFixed(1)}`,
    percent(chance),
    percent(longerFirst),
    count(pairs),
    percent(top1),
    percent(top1Chance),
    count(situations),
  ];
  const splits = [['train', result.train], ['validation', result.validation], ['test', result.test]] as const;
  const notes = splits.flatMap(([split, { note }]) => (note === null ? [] : [`  ${split}: ${note}`]));
  return [
    `training ${result.run}: ${count(result.step)} steps on ${result.device}, generation ${result.generation}, last loss ${result.loss.toFixed(4)}`,
    columns([['  SPLIT', 'PAIRS RIGHT', '95 %', 'CHANCE', 'LONGER FIRST', 'PAIRS', 'BEST FIRST', 'CHANCE', 'SITUATIONS'], ...splits.map(([split, ranking]) => row(split, ranking))], [1, 2, 3, 4, 5, 6, 7, 8]),
    ...notes,
    `checkpoint   ${result.checkpoint}`,
  ].join('\n');
}
