import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import { NOTHING_LOST } from '../schemas/failure-types.ts';
import type { Stance } from '../schemas/plan.ts';
import type { Outcome } from '../schemas/records.ts';
import type { Round } from './messages.ts';

/** A line of versions being worked on: the main line, or a verification branch. */
export interface Thread {
  branch: string;
  version: string;
  plan: string;
  stance: Stance;
  /** Absent in histories of earlier versions. */
  level?: string;
  /** Coarse actions whose sub-plans contradict what they promise. */
  promises?: number;
}

/** Everything that outlives a continue-as-new. */
export interface Progress {
  log: string | null;
  main: Thread | null;
  /** Chapters to pass over, as ranges; absent: all. */
  selection?: string;
  passes: number;
  /** Passes of the try that this one goes on from; its bound counts anew. */
  passesBefore?: number;
  reopened: number;
  verifications: number;
  decide: boolean;
  /** Hashes of the main line's plans. */
  seen: string[];
  alternatives: string[];
  rounds: Round[];
  calls: number;
  charged: number;
  cost: number;
  allowance: number | null;
  grants: number;
  /** Granted, and not yet written to S3; negative where some of what was written was given back. */
  unrecorded: number;
  /** Ids of the workflow's runs so far, this one included. */
  runs?: string[];
}

export function begin(allowance: number | null): Progress {
  return {
    log: null,
    main: null,
    passes: 0,
    reopened: 0,
    verifications: 0,
    decide: false,
    seen: [],
    alternatives: [],
    rounds: [],
    calls: 0,
    charged: 0,
    cost: 0,
    allowance,
    grants: 0,
    unrecorded: allowance ?? 0,
  };
}

/** Thrown where a situation ends before its time; `outcome` null: cancelled. */
export class Ended extends Error {
  readonly outcome: Outcome | null;
  readonly failedAt: string | null;

  constructor(outcome: Outcome | null, reason: string, failedAt: string | null = null) {
    super(reason);
    this.outcome = outcome;
    this.failedAt = failedAt;
  }
}

/** What ended an activity for good, with its failure type. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) return `${cause.type ?? 'failure'}: ${cause.message}`;
  return cause instanceof Error ? cause.message : String(cause);
}

/** True where a step's failure says that none of its attempts paid for an answer that nobody has. */
export function lostNothing(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.details?.includes(NOTHING_LOST) === true;
}

/** Failure type of what ended an activity for good. */
export function failureType(error: unknown): string | null | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure ? cause.type : undefined;
}

/** Nano-dollars as people read them. */
export function usd(nano: number): string {
  return `$${(nano / 1e9).toFixed(4)}`;
}
