import type { CampaignView, SettingsView } from '../activities/pages.ts';
import { parseRanges } from '../activities/ranges.ts';
import type { FailureCount } from '../schemas/records.ts';
import { failureCount, type Control, type Tally } from './messages.ts';
import { freeUnder } from './purse.ts';

/** Sealed pages that wait to be published together. */
export interface Gathered {
  /** Object with their seals; absent while they are few. */
  object?: string;
  /** How many it holds. */
  count: number;
  /** When the first of them was sealed, ms since the epoch. */
  since: number;
}

export interface OpenPage {
  page: number;
  /** Situations it may run at once. */
  slots: number;
  /** Set once its last situation has started: how many still run. */
  tail: number | null;
  /** It was opened before settings changed what it holds: once it is sealed, S3 is asked whether it must be opened again. */
  outdated?: boolean;
  /** What it has last reported of its situations. */
  failures?: FailureCount;
}

/** What outlives a continue-as-new: pages stay open, with their grants, and signal the new run. */
export interface Carried {
  view: CampaignView;
  backlog: number[];
  open: OpenPage[];
  outcomes: Tally;
  calls: number;
  nanoUsd: number;
  free: number | null;
  /** Held of the cap over all campaigns; absent without one. */
  hold?: number;
  needs: { holder: number; nanoUsd: number; idle: boolean }[];
  unpublished: string[];
  /** Sealed pages that wait for more; absent where none does. */
  gathered?: Gathered;
  generation: number;
  /** Pages in it; absent before this run has published. */
  published?: number;
  /** S3 must be asked again which pages are sealed. */
  due?: boolean;
  /** The last order that open pages were given. */
  told?: Control;
  waiting?: Waiting;
}

/** Why calls do not get through, since when, and when that was last said, in milliseconds since the epoch. */
export interface Waiting {
  reason: string;
  /** False: nothing ails the calls, they wait for their turn. */
  outage: boolean;
  since: number;
  said: number;
}

/** Who says that calls do not get through repeats it; one who no longer does may be gone, and the next call must show. No longer than patience lasts. */
const WAITING_EXPIRES_MS = 3 * 60_000;
const EXPIRED_ONCE_MS = 15 * 60_000;

/** Milliseconds for which what keeps calls from getting through is still taken for granted; `soon`: false in histories of earlier versions. */
export function expiresIn({ said }: Waiting, patienceMs: number, soon: boolean): number {
  return said + Math.min(soon ? WAITING_EXPIRES_MS : EXPIRED_ONCE_MS, patienceMs) - Date.now();
}

/** What open pages are told. */
export const ORDERS: Record<SettingsView['state'], Control> = { running: 'go', paused: 'hold', cancelled: 'stop' };

/** Ended situations and failed ones, of sealed pages and as open pages have reported them. */
export function failuresOf({ outcomes, open }: Pick<Carried, 'outcomes' | 'open'>): FailureCount {
  const counts = [failureCount(outcomes), ...open.flatMap(({ failures }) => failures ?? [])];
  const sum = (what: keyof FailureCount) => counts.reduce((total, count) => total + count[what], 0);
  return { failed: sum('failed'), ended: sum('ended') };
}

/** What the campaign's pages may spend of its own budget. */
export function budgetOf({ budget }: SettingsView, { explained = 0 }: CampaignView): number | null {
  return budget === null ? null : nanoOf(budget) - explained;
}

function nanoOf(usd: number): number {
  return Math.round(usd * 1e9);
}

/** Where a campaign stands that S3 has just been asked about. */
export function begin(view: CampaignView): Carried {
  const sealed = new Set(parseRanges(view.sealed));
  return {
    view,
    backlog: Array.from({ length: view.pages }, (_, i) => i).filter((number) => !sealed.has(number)),
    open: [],
    outcomes: { ...view.outcomes },
    calls: view.calls,
    nanoUsd: view.nanoUsd,
    free: freeUnder({ budget: budgetOf(view.settings, view), hold: view.hold ?? null }, view.spent),
    ...(view.hold === undefined ? {} : { hold: view.hold }),
    needs: [],
    unpublished: [],
    generation: view.generation,
  };
}
