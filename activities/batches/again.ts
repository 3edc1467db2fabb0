import { formatTries, triesInPieces, type Tried } from '../ranges.ts';
import { unanswered, wakeAll } from './wake.ts';
import type { Bench } from './ports.ts';

/** As many of these calls as one event may hold, by try, to be asked again; who waits for one of the others is woken, and tells of it anew. */
export async function inOneEvent(bench: Bench, calls: readonly Tried[]): Promise<string> {
  const [first = '', ...others] = triesInPieces(formatTries(calls));
  for (const waiting of others) await wakeAll(bench, waiting, unanswered);
  return first;
}
