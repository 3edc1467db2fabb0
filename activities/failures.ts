import { ActivityFailure, ApplicationFailure, CancelledFailure, CompleteAsyncError } from '@temporalio/common';
import { FAILURE, type FailureType } from '../schemas/failure-types.ts';
import { redacted, redactedError } from './secrets.ts';
import { Unanswered } from './unanswered.ts';

/** What an error's shape says, whichever SDK threw it. */
interface Shape {
  status?: number | undefined;
  name: string;
  message: string;
}

interface Row {
  type: FailureType;
  retry: boolean;
  when: (shape: Shape) => boolean;
}

/**
 * The one table: which failures end a situation at once and which are retried until the campaign's patience runs out.
 * First match wins. Rate limits (429, 529) do not stand here: they are waited out inside the activity (limits/limiter.ts), and
 * refusals and exhausted repairs are results of a step, not errors. Wrong credentials retry: a key can be mended while
 * the campaign waits.
 */
export const FAILURE_TABLE: readonly Row[] = [
  { type: FAILURE.storeDenied, retry: true, when: ({ name, status }) => name === 'StoreError' && (status === 401 || status === 403) },
  { type: FAILURE.store, retry: true, when: ({ name }) => name === 'StoreError' },
  { type: FAILURE.wrongProvider, retry: true, when: ({ name }) => name === 'WrongProvider' },
  { type: FAILURE.turnedAway, retry: true, when: ({ name }) => name === 'TurnedAway' },
  { type: FAILURE.toolUnreachable, retry: true, when: ({ name }) => name === 'ToolUnreachable' },
  { type: FAILURE.corrupt, retry: false, when: ({ name }) => name === 'CorruptData' },
  { type: FAILURE.oversize, retry: false, when: ({ status, message }) => status === 413 || (status === 400 && /too (long|large)|context|exceed/i.test(message)) },
  { type: FAILURE.authentication, retry: true, when: ({ status }) => status === 401 || status === 403 },
  { type: FAILURE.rateLimited, retry: true, when: ({ status }) => status === 429 },
  { type: FAILURE.overloaded, retry: true, when: ({ status }) => status === 529 },
  { type: FAILURE.unavailable, retry: true, when: ({ status }) => status === 408 || status === 409 },
  { type: FAILURE.badRequest, retry: false, when: ({ status }) => status !== undefined && status >= 400 && status < 500 },
  { type: FAILURE.unavailable, retry: true, when: ({ status }) => status !== undefined && status >= 500 },
  { type: FAILURE.unavailable, retry: true, when: ({ name, message }) => /APIConnection|Timeout|FetchError/.test(name) || /ECONN|ENOTFOUND|ETIMEDOUT|socket hang up|terminated/i.test(message) },
  { type: FAILURE.bug, retry: false, when: ({ name }) => name === 'TypeError' || name === 'RangeError' || name === 'ZodError' },
  { type: FAILURE.unavailable, retry: true, when: () => true },
];

/**
 * Maps any error to the failure that the workflow sees, without secrets, with `details` for it. Cancellation, waiting for a batch, and
 * failures already mapped pass through.
 */
export function toFailure(error: unknown, details?: unknown[]): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure || error instanceof ActivityFailure || error instanceof CompleteAsyncError) return error;
  const cause = error instanceof Unanswered ? error.cause : error;
  const shape = shapeOf(cause);
  const row = FAILURE_TABLE.find((candidate) => candidate.when(shape)) as Row;
  return ApplicationFailure.create({
    type: row.type,
    nonRetryable: !row.retry,
    message: redacted(shape.message).slice(0, 300),
    ...(cause instanceof Error ? { cause: redactedError(cause) } : {}),
    ...(details === undefined ? {} : { details }),
  });
}

/** The worker's model is not the campaign's: another worker may have it, or this one may be started again with the right key. */
export class WrongProvider extends Error {
  override name = 'WrongProvider';
}

/** A tool that cannot be opened or called from this worker: its server may come back, or a variable that it needs be set. */
export class ToolUnreachable extends Error {
  override name = 'ToolUnreachable';
}

/** Data that contradicts itself: retrying cannot help. */
export class CorruptData extends Error {
  override name = 'CorruptData';
}

function shapeOf(error: unknown): Shape {
  if (!(error instanceof Error)) return { name: 'unknown', message: String(error) };
  const status = 'status' in error && typeof error.status === 'number' ? error.status : undefined;
  // SDK classes keep the name "Error"; the constructor's name tells more
  const name = error.name === 'Error' ? error.constructor.name : error.name;
  return { status, name, message: error.message };
}
