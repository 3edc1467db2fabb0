import { Busy } from './model.ts';

/** The call never left: nobody took it. */
const NOT_SENT: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

/** A call went out, and no answer came back: it may have been paid for all the same. `cause` is what ended it. */
export class Unanswered extends Error {
  override name = 'Unanswered';

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** The error of a call as it is, or as Unanswered where it may have been paid for. */
export function asUnanswered(error: unknown): unknown {
  // with a status, the provider has said that it will not answer
  const refused = error instanceof Error && 'status' in error && typeof error.status === 'number';
  return error instanceof Busy || refused || neverSent(error) ? error : new Unanswered(error);
}

function neverSent(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && NOT_SENT.has(at.code)) return true;
    // of several addresses, each was tried
    if (at instanceof AggregateError) return at.errors.length > 0 && at.errors.every(neverSent);
  }
  return false;
}
