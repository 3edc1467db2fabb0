import type { ServerResponse } from 'node:http';
import type { Law } from '../../schemas/law.ts';
import { rngOf } from '../rng.ts';
import { ApiError } from './api-error.ts';

const KINDS = ['rateLimited', 'overloaded', 'serverError', 'malformed', 'truncated', 'refusal', 'hang', 'halfAnswer'] as const;
export type Fault = (typeof KINDS)[number];

/**
 * What goes wrong with a body that was seen `times` times before: the body decides whether and how, by the law's rates; after the
 * law's `times` nothing does any more.
 */
export function faultOf(bodyHash: string, times: number, { faults }: Law): Fault | null {
  if (times >= faults.times) return null;
  let draw = rngOf(`fault/${bodyHash}`)();
  for (const kind of KINDS) {
    draw -= faults[kind] ?? 0;
    if (draw < 0) return kind;
  }
  return null;
}

/** The error that a fault answers with; null where it spoils an answer, or its way, instead. */
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
    case 'hang':
    case 'halfAnswer':
    case null:
      return null;
  }
}

/** Begins to say something, and breaks off in the middle. */
export function breakOff(response: ServerResponse, whole: string): void {
  response.write(whole.slice(0, Math.floor(whole.length / 2)), () => response.destroy());
}
