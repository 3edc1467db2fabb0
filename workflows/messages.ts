import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { FailureCount, Outcome } from '../schemas/records.ts';
import type { Mode } from '../schemas/campaign.ts';
import type { Stance } from '../schemas/plan.ts';
import type { Tried } from '../activities/ranges.ts';

/** Task queues, by the resource that their work waits for. */
export const QUEUES = { orchestrate: 'orchestrate', llm: 'llm', tools: 'tools', io: 'io', train: 'gpu-train' } as const;

export const campaignWorkflowId = (campaign: string) => `exemplar/${campaign}`;
/** The campaign's imagination, where its situations are imagined. */
export const imagineWorkflowId = (campaign: string) => campaignWorkflowId(`${campaign}/imagine`);
export const pageWorkflowId = (campaign: string, page: number) => `exemplar/${campaign}/page/${String(page).padStart(5, '0')}`;
export const situationWorkflowId = (campaign: string, index: number, attempt: number) =>
  `exemplar/${campaign}/situation/${String(index).padStart(7, '0')}.${attempt}`;

/** A training run; runs have names of their own. */
export const trainWorkflowId = (run: string) => `exemplar/train/${run}`;

/** The campaign's batches, where it asks in batches. */
export const batchWorkflowId = (campaign: string) => campaignWorkflowId(`${campaign}/batch`);

export const explainWorkflowId = (campaign: string, index: number, version: string) => `exemplar/${campaign}/explain/${String(index).padStart(7, '0')}.${version}`;

/** Parameters of the actor that the workflows themselves decide by; the rest is read from S3 by activities. */
export interface ActorInput {
  chapters: number;
  /** Each situation's chapters are chosen by a step of their own. */
  routed?: boolean;
  maxPasses: number;
  alternatives: number;
  maxReopen: number;
  patienceMs: number;
  /** Int nano-dollars granted to a situation at once: about a pass. */
  firstGrant: number;
  campaign: string;
  /** How long a step waits for a batch before it looks for its answer itself, ms. Absent in histories of earlier versions. */
  leaseMs?: number;
}

/** One line of the table of rounds: what a pass did. Money in int nano-dollars. */
export interface Round {
  pass: string;
  findings: number;
  major: number;
  revisions: number;
  material: number;
  calls: number;
  nanoUsd: number;
}

export interface ExemplarResult {
  index: number;
  try: number;
  /** null: cancelled before an outcome, left waiting. */
  outcome: Outcome | null;
  reason: string;
  stance: Stance | null;
  passes: number;
  reopened: number;
  rounds: Round[];
  calls: number;
  /** New spending of this run. */
  charged: number;
  /** What the situation cost the campaign, whenever it paid. */
  cost: number;
  /** Granted and not spent; null without a budget. */
  unspent: number | null;
  /** Of a situation without an outcome: the runs of its workflow. */
  runs?: string[];
}

export type Tally = Record<Outcome, number>;
export const emptyTally = (): Tally => ({ converged: 0, unconverged: 0, refused: 0, failed: 0, 'over-budget': 0 });

/** How many have ended, and how many of those have failed. */
export function failureCount(tally: Tally): FailureCount {
  return { failed: tally.failed, ended: Object.values(tally).reduce((sum, count) => sum + count, 0) };
}

export interface PageProgress {
  page: number;
  situations: number;
  outcomes: Tally;
  running: number;
  calls: number;
  nanoUsd: number;
}

export type CampaignState = 'running' | 'paused' | 'cancelling' | 'cancelled' | 'done';

export interface CampaignProgress {
  state: CampaignState;
  planned: number;
  duplicates: number;
  /** Outcomes in sealed pages. */
  outcomes: Tally;
  calls: number;
  nanoUsd: number;
  /** Workflow ids of open pages: their own progress completes the sum. */
  openPages: string[];
  concurrency: number;
  /** USD; null: none. */
  budget: number | null;
  generation: number;
  /** Why nothing moves, where that is so. */
  waiting: string;
  /** Since when, in milliseconds since the epoch; null where it moves. Absent from workers of earlier versions. */
  waitingSince?: number | null;
  /** It asks in batches, or has. */
  batched?: boolean;
}

export const progressQuery = defineQuery<CampaignProgress>('progress');
export const pageProgressQuery = defineQuery<PageProgress>('pageProgress');

/** To the campaign: settings were written to S3. */
export const settingsSignal = defineSignal('settings');
/** To the campaign, from llm workers: why calls do not get through; "" when they do again. `inTurn`: nothing ails them, they wait for their turn. */
export const waitingSignal = defineSignal<[reason: string, inTurn?: boolean]>('waiting');

/** To the campaign: a page is sealed. `seal` is the object with its PageSeal. */
export interface PageDone {
  page: number;
  seal: string;
  outcomes: Tally;
  calls: number;
  nanoUsd: number;
  /** New spending of this run, and granted money that comes back. */
  charged: number;
  unspent: number | null;
  cancelled: boolean;
}
export const pageDoneSignal = defineSignal<[PageDone]>('pageDone');
/** To the campaign: a page has started its last situation, and runs this many still. */
export const pageTailSignal = defineSignal<[{ page: number; running: number }]>('pageTail');
/** To the campaign, from pages that were told to report: how many of its situations have ended, and failed. */
export const pageFailuresSignal = defineSignal<[FailureCount & { page: number }]>('pageFailures');
/** To a page: report failures from now on. */
export const reportSignal = defineSignal('report');
/** To the campaign: a page needs money; `idle` when none of its situations can go on without it. */
export const pageNeedSignal = defineSignal<[{ page: number; nanoUsd: number; idle: boolean }]>('pageNeed');

/** To a page or situation: money granted; 0 says that none will come. */
export const grantSignal = defineSignal<[{ nanoUsd: number }]>('grant');
/** To a page or situation: the budget was lowered below what is granted; what is not spent is to be given back, and asked for anew. */
export const recallSignal = defineSignal('recall');
/** To the campaign: what a page gives back. */
export const pageReturnSignal = defineSignal<[{ page: number; nanoUsd: number }]>('pageReturn');
/** To a page: what a situation gives back. */
export const situationReturnSignal = defineSignal<[{ index: number; nanoUsd: number }]>('situationReturn');
/** To a page: how many situations it may run at once. */
export const slotsSignal = defineSignal<[number]>('slots');
/** Stop before the next call; begin no further situation, and let those that run go on; go on; or end. */
export type Control = 'hold' | 'finish' | 'go' | 'stop';
/** To a page or situation. */
export const controlSignal = defineSignal<[Control]>('control');
/** To a page or situation: how steps begun from now on reach the model. */
export const modeSignal = defineSignal<[Mode]>('mode');
/** To a page: a situation needs money to go on. */
export const situationNeedSignal = defineSignal<[{ index: number; nanoUsd: number }]>('situationNeed');

/** How far an imagination has come. */
export interface ImagineProgress {
  /** Situations wanted, and kept so far. */
  count: number;
  kept: number;
  nearDuplicates: number;
  /** Of this run. */
  calls: number;
  /** Int nano-dollars spent so far, by earlier runs included. */
  nanoUsd: number;
  /** Why nothing moves, where that is so. */
  waiting: string;
  /** As of a campaign. */
  waitingSince?: number | null;
}
export const imagineProgressQuery = defineQuery<ImagineProgress>('imagineProgress');

/** To the campaign's batches: situations wait, by try, such as `0:0-15,17;1:16`. */
export const batchWaitSignal = defineSignal<[string]>('wait');
/** To the campaign's batches: ask for nothing more, go on, or have what is asked for canceled. */
export const batchControlSignal = defineSignal<[Control]>('batchControl');

export interface BatchProgress {
  /** Situations whose calls wait to be asked for. */
  gathering: number;
  /** Batches that are worked off; `at` in milliseconds since the epoch. */
  open: { requests: number; at: number }[];
}
export const batchProgressQuery = defineQuery<BatchProgress>('batchProgress');
export const batchKnowsQuery = defineQuery<boolean, [Tried]>('knows');

/** To a training run: put a checkpoint, and hold; go on from it. */
export const pauseSignal = defineSignal('pause');
export const resumeSignal = defineSignal('resume');

export interface TrainingState {
  /** Told to hold: it puts a checkpoint, or has. */
  paused: boolean;
  /** What it waits for before it begins, or "". */
  waiting: string;
}
export const trainingQuery = defineQuery<TrainingState>('training');
