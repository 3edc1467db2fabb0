import type { Law } from '../../schemas/law.ts';
import { rngOf } from '../rng.ts';
import { ApiError } from './api-error.ts';

const KINDS = ['rateLimited', 'overloaded', 'serverError', 'malformed', 'truncated', 'refusal'] as const;
export type Fault = (typeof KINDS)[number];

/**
 * What goes wrong with a body that was seen `times` times before: the body decides whether and how, by the law's rates; after the
 * law's `times` nothing does any more.
 */
export function faultOf(bodyHash: string, times: number, { faults }: Law): Fault | null {
  if (times >= faults.times) return null;
  let draw = rngOf(`fault/${bodyHash}`)();
  for (const kind of KINDS) {
    draw -= faults[kind];
    if (draw < 0) return kind;
  }
  return null;
}

/** The error that a fault answers with; null where it spoils an answer instead. */
export function faultError(fault: Fault | null): ApiError | null {
  switch (fault) {
    case 'rateLimited':
      return new ApiError(429, 'rate_limit_error', 'simulated: this request would exceed your rate limit', 1);
    case 'overloaded':
      return new ApiError(529, 'overloaded_error', 'simulated: Overloaded');
    case 'serverError':
      return new ApiError(500, 'api_error', 'simulated: Internal server error');
    case 'malformed':
    case 'truncated':
    case 'refusal':
    case null:
      return null;
  }
}
