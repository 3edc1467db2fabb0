/** Failure types that workflows decide upon; activities/failures.ts maps errors to them. */
export const FAILURE = {
  badRequest: 'Model.BadRequest',
  authentication: 'Model.Authentication',
  refused: 'Model.Refused',
  oversize: 'Model.Oversize',
  invalidOutput: 'Model.InvalidOutput',
  wrongProvider: 'Model.WrongProvider',
  rateLimited: 'Model.RateLimited',
  overloaded: 'Model.Overloaded',
  unavailable: 'Model.Unavailable',
  /** The worker was shutting down, and made no call. */
  turnedAway: 'Worker.ShuttingDown',
  toolUnreachable: 'Tool.Unreachable',
  /** The answer of a batch lies in the store: the step is taken again. */
  batchAnswered: 'Batch.Answered',
  /** What an earlier run has asked was not answered: the step is taken again, and must pay for it itself. */
  batchUnanswered: 'Batch.Unanswered',
  /** The campaign was cancelled before the batch was answered. */
  batchReleased: 'Batch.Released',
  store: 'Store.Unavailable',
  storeDenied: 'Store.Denied',
  corrupt: 'Data.Corrupt',
  bug: 'Internal',
} as const;
export type FailureType = (typeof FAILURE)[keyof typeof FAILURE];

/** Detail of the failure of a step that is known to have paid for nothing, now and in its earlier attempts. */
export const NOTHING_LOST = 'nothing lost';
