import type { Client } from '@temporalio/client';
import { UsageError } from '../../infra/usage-error.ts';
import { trainingName } from './name.ts';
import { trainingSightOf, type TrainingSight } from './sight.ts';

/** One training run as users see it. */
export interface TrainingView {
  run: string;
  /** `pausing` and `cancelling`: a checkpoint is put; `unknown`: no worker answers. */
  state: 'running' | 'waiting' | 'pausing' | 'paused' | 'cancelling' | 'cancelled' | 'done' | 'failed' | 'unknown';
  /** What it waits for before it begins, or "". */
  waiting: string;
  /** Of the activity that trains; null while there is none. */
  step: number | null;
  steps: number | null;
  /** Nats. */
  loss: number | null;
  checkpoint: string | null;
}

/** @throws UsageError where no run has this name. */
export async function viewTraining(client: Client, run: string): Promise<TrainingView> {
  const sight = await trainingSightOf(client, run);
  if (sight === null) throw new UsageError(`NAME: there is no training run "${run}" in Temporal; \`exemplar train FILE\` starts the one that FILE names`);
  const { step = null, steps = null, loss = null, checkpoint = null } = sight.activity?.step ?? {};
  return { run, state: stateOf(sight), waiting: sight.told?.waiting ?? '', step, steps, loss, checkpoint };
}

export function stateOf({ status, told, activity }: TrainingSight): TrainingView['state'] {
  if (status === 'COMPLETED') return 'done';
  if (status === 'CANCELLED') return 'cancelled';
  if (status !== 'RUNNING') return 'failed';
  if (told?.paused === true) return activity === null ? 'paused' : 'pausing';
  if (activity !== null) return activity.stopping ? 'cancelling' : 'running';
  if (told === null) return 'unknown';
  return told.waiting === '' ? 'running' : 'waiting';
}

/** What holds a run back, in a line; "" where nothing does. */
export function whyTraining({ run, state, waiting }: Pick<TrainingView, 'run' | 'state' | 'waiting'>): string {
  const goesOn = `\`exemplar resume ${trainingName(run)}\` goes on`;
  if (state === 'pausing') return `pausing: a checkpoint is put; ${goesOn}`;
  if (state === 'paused') return `paused; ${goesOn}`;
  if (state === 'cancelling') return 'cancelling: a checkpoint is put';
  return state === 'waiting' ? `waiting: ${waiting}` : '';
}

/** Where a run stands. */
export function trainingLine(view: TrainingView): string {
  const { run, state, waiting, step, steps, loss, checkpoint } = view;
  const at = step === null ? '' : `, step ${step} of ${steps}, loss ${loss?.toFixed(4)}, ${checkpoint === null ? 'no checkpoint yet' : `checkpoint ${checkpoint}`}`;
  return `training ${run}: ${state}${at}${waiting === '' ? '' : `, for ${waiting}`}`;
}
