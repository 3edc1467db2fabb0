import { patched } from '@temporalio/workflow';
import type { PageActivities } from '../activities/pages.ts';
import { parseRanges } from '../activities/ranges.ts';
import type { Carried } from './carried.ts';

/** Sealed pages wait until they are this share of the published ones: all manifests together then grow with the pages, not with their square. */
const SHARE = 1 / 32;
/** No page waits longer for its generation, ms: far less than the age from which `gc` takes a file that no manifest names for a leftover. */
const LONGEST_WAIT_MS = 6 * 3_600_000;
/** Hashes of seals in one event: they must stay small in the history. */
const SEALS_AT_ONCE = 5;

type Sealed = Pick<Carried, 'unpublished' | 'gathered' | 'published' | 'generation' | 'view'>;

export function addSeal(state: Sealed, seal: string): void {
  state.unpublished.push(seal);
  state.gathered ??= { count: 0, since: Date.now() };
}

/** Milliseconds until sealed pages must be published, 0 or less for at once; Infinity where none waits. `more`: others will be sealed. */
export function publishesIn(state: Sealed, more: boolean): number {
  const { unpublished, gathered = { count: 0, since: 0 } } = state;
  const waiting = unpublished.length + gathered.count;
  if (waiting === 0) return Infinity;
  const published = state.published ?? parseRanges(state.view.sealed).length;
  if (!more || waiting > published * SHARE || !patched('generations-gathered')) return 0;
  return gathered.since + LONGEST_WAIT_MS - Date.now();
}

/** Publishes the sealed pages, or gathers those whose time has not come; false where nothing was to be done. */
export async function bringOut(state: Sealed, campaign: string, io: PageActivities, inMs: number): Promise<boolean> {
  const { unpublished } = state;
  const due = inMs <= 0;
  if (inMs === Infinity || (!due && unpublished.length < SEALS_AT_ONCE)) return false;
  const gathers = unpublished.length > SEALS_AT_ONCE && patched('generations-gathered');
  const seals = unpublished.splice(0, SEALS_AT_ONCE);
  const before = state.gathered?.object === undefined ? {} : { gathered: state.gathered.object };
  if (!due || gathers) {
    const { gathered: object } = await io.gather({ campaign, seals, ...before });
    const { count = 0, since = Date.now() } = state.gathered ?? {};
    state.gathered = { object, count: count + seals.length, since };
    return true;
  }
  const { generation, pages } = await io.publish({ campaign, seals, ...before });
  Object.assign(state, { generation, published: pages });
  if (unpublished.length === 0) delete state.gathered;
  else state.gathered = { count: 0, since: state.gathered?.since ?? Date.now() };
  return true;
}
