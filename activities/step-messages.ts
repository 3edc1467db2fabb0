import type { Mode } from '../schemas/campaign.ts';
import type { Plan } from '../schemas/plan.ts';
import type { StepRecord } from '../schemas/records.ts';

/** Where a step stands and what it builds on. Step records travel as their sha256. */
export interface StepInput {
  campaign: string;
  index: number;
  try: number;
  path: string;
  branch: string;
  pass: number;
  /** Index into the campaign's chapters; -1 for draft, select, explain, and the revision that reconciles levels. */
  chapter: number;
  /** Head of the situation's chain of step records. */
  log: string | null;
  /** Step record that holds the version worked on. */
  version: string | null;
  /** revise: the critique's step record; null where the finer levels contradict the coarser ones. */
  critique: string | null;
  decide?: boolean;
  /** Absent where the campaign has never asked in batches. */
  mode?: Mode;
  /** Booked as lost in this step's earlier tool turns. */
  lost?: StepRecord['lost'];
  /** Int nano-dollars this situation may still spend; null: no budget. */
  allowance: number | null;
  /** Put before the first call of a pass. */
  grant?: { n: number; nanoUsd: number };
}

export interface StepResult {
  headline: string;
  log: string;
  /** Int nano-dollars: new spending of this run. */
  charged: number;
  /** Int nano-dollars: what the step's answers cost this campaign, whenever it paid. */
  cost: number;
  calls: number;
  findings?: number;
  major?: number;
  material?: boolean;
  /** First digits of the plan's hash: equal plans have equal hashes. */
  plan?: string;
  stance?: Plan['stance'];
  /** Level of the plan's top list. */
  level?: string;
  /** Coarse actions whose sub-plans contradict what they promise, where there are any. */
  promises?: number;
  /** select: chapters to pass over, as ranges. */
  selection?: string;
  /** Set where the situation ends here. */
  stop?: { outcome: 'refused' | 'failed'; reason: string };
}

/** The next call did not fit: the situation must be granted `short` nano-dollars in all before it is tried again. */
export interface StepShort {
  short: number;
  /** Booked as lost so far, where there is any. */
  lost?: StepRecord['lost'];
  broken?: BrokenStep;
}

/** The model asks for tools: run those of the answer `asking`, then take the step again. */
export interface StepTools {
  asking: string;
  tools: string[];
  lost: StepRecord['lost'];
  broken?: BrokenStep;
}

/** A run before this one has left the call with a batch: take the step again, in batch mode. */
export interface StepLeft {
  left: true;
  lost?: StepRecord['lost'];
  broken?: BrokenStep;
}

/** What a step had used when it was left: booked where it is never taken again. */
export interface BrokenStep {
  /** Record with its calls. */
  log: string;
  charged: number;
  cost: number;
  calls: number;
}

export type StepAnswer = StepResult | StepShort | StepTools | StepLeft;
