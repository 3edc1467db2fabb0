import type { ErrorType } from '@anthropic-ai/sdk/resources/shared';

/** An answer in the Messages API's error shape. */
export class ApiError extends Error {
  readonly status: number;
  readonly type: ErrorType | 'request_too_large';
  /** Seconds, for the retry-after header. */
  readonly retryAfterS: number | null;

  constructor(status: number, type: ApiError['type'], message: string, retryAfterS: number | null = null) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.type = type;
    this.retryAfterS = retryAfterS;
  }

  body(requestId: string) {
    return { type: 'error', error: { type: this.type, message: this.message }, request_id: requestId };
  }
}

export function invalidRequest(message: string): ApiError {
  return new ApiError(400, 'invalid_request_error', message);
}
