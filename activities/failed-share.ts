import type { StopAfter } from '../schemas/campaign.ts';
import type { FailureCount } from '../schemas/records.ts';

/** What has ended since the count began. Negative where situations that had ended before are being tried again. */
export function sinceThen({ failed, ended }: FailureCount, from: FailureCount): FailureCount {
  return { failed: failed - from.failed, ended: ended - from.ended };
}

/** More of the ended situations have failed than `stopAfter` allows. */
export function failedTooMany({ failed, ended }: FailureCount, { failedShare, minSample }: StopAfter): boolean {
  return ended >= minSample && failed / ended > failedShare;
}
