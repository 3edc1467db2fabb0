import {
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  patched,
  proxyActivities,
  setHandler,
  setWorkflowOptions,
  sleep,
  startChild,
  workflowInfo,
  CancellationScope,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { CampaignView, PageActivities, SettingsView } from '../activities/pages.ts';
import { failedTooMany, sinceThen } from '../activities/failed-share.ts';
import { parseRanges } from '../activities/ranges.ts';
import type { StopActivities } from '../activities/stop-failing.ts';
import type { FailureCount } from '../schemas/records.ts';
import {
  controlSignal,
  failureCount,
  grantSignal,
  pageDoneSignal,
  pageFailuresSignal,
  pageNeedSignal,
  pageTailSignal,
  pageWorkflowId,
  progressQuery,
  QUEUES,
  reportSignal,
  settingsSignal,
  slotsSignal,
  waitingSignal,
  type ActorInput,
  type CampaignProgress,
  type CampaignState,
  type Control,
  type PageDone,
  type Tally,
} from './messages.ts';
import { page } from './page.ts';
import { SEARCH } from './search-attributes.ts';
import { Treasury } from './treasury.ts';

/*
 * One campaign: pages of situations, a few open at a time, until all are sealed.
 *
 * Ask S3 what is sealed already. Keep as many pages open as concurrency fills, and one more, so that the slow tail of one overlaps
 * with the next; share concurrency and budget out among them; publish a manifest generation as pages seal. Settings (pause, cancel, budget, concurrency, retries, a
 * longer listing) are read from S3 whenever a signal says that they changed. Retries and new situations have S3 asked again which
 * pages are sealed; a first budget stops the open pages, which know of none, and opens them again with money to share out. While
 * calls do not get through, and once too many situations have failed, open pages begin no further situation. The campaign ends when every page is sealed, or when it is cancelled.
 */

export interface CampaignInput {
  campaign: string;
  carried?: Carried;
}

export type CampaignResult = CampaignProgress;

interface OpenPage {
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
interface Carried {
  view: CampaignView;
  backlog: number[];
  open: OpenPage[];
  outcomes: Tally;
  calls: number;
  nanoUsd: number;
  free: number | null;
  needs: { holder: number; nanoUsd: number; idle: boolean }[];
  unpublished: string[];
  generation: number;
  /** S3 must be asked again which pages are sealed. */
  due?: boolean;
  /** The last order that open pages were given. */
  told?: Control;
  waiting?: Waiting;
}

/** Why calls do not get through, since when, and when that was last said, in milliseconds since the epoch. */
interface Waiting {
  reason: string;
  /** False: nothing ails the calls, they wait for their turn. */
  outage: boolean;
  since: number;
  said: number;
}

const ORDERS: Record<SettingsView['state'], Control> = { running: 'go', paused: 'hold', cancelled: 'stop' };
/** Far below the 2,000 children that one workflow may have pending. */
const MOST_OPEN_PAGES = 500;
/** Who says that calls do not get through repeats it; one who no longer does may be gone, and the next call must show. No longer than patience lasts. */
const WAITING_EXPIRES_MS = 15 * 60_000;
/** A page that has reported may take a moment to end; starts in vain before another run's page is taken to have its id. */
const STARTS_IN_VAIN = 5;
/** Seals published at once: their hashes must stay small in the history. */
const SEALS_AT_ONCE = 5;
const LONGEST_HISTORY = 4_000;

const io = proxyActivities<PageActivities & StopActivities>({
  taskQueue: QUEUES.io,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

// runs for weeks, and its histories replay on every later version: it moves on, and the pages that it opens with it;
// the server refuses a behaviour from a worker without a version, whose deployment has an empty name
setWorkflowOptions(() => ((workflowInfo().currentDeploymentVersion?.deploymentName ?? '') === '' ? {} : { versioningBehavior: 'AUTO_UPGRADE' }), campaign);

export async function campaign(input: CampaignInput): Promise<CampaignResult> {
  // a cancellation from the UI is read as the cancel verb: calls in flight finish and what is terminal is sealed
  let cancelRequested = false;
  void CancellationScope.current().cancelRequested.catch(() => {
    cancelRequested = true;
  });
  return await CancellationScope.nonCancellable(() => run(input, () => cancelRequested));
}

async function run(input: CampaignInput, cancelRequested: () => boolean): Promise<CampaignResult> {
  const name = input.campaign;
  let settingsChanged = false;
  let stirred = false;
  const finished: PageDone[] = [];
  setHandler(settingsSignal, () => {
    settingsChanged = true;
  });
  let waiting = input.carried?.waiting ?? null;
  setHandler(waitingSignal, (reason, inTurn = false) => {
    const outage = reason !== '' && !inTurn;
    if (outage !== (waiting?.outage ?? false)) stirred = patched('outage-holds');
    waiting = reason === '' ? null : { reason, outage, since: waiting?.since ?? Date.now(), said: Date.now() };
  });
  setHandler(pageDoneSignal, (done) => {
    finished.push(done);
  });

  const state = input.carried ?? begin(await io.openCampaign({ campaign: name }));
  let settings: SettingsView = state.view.settings;
  let phase: CampaignState = settings.state === 'paused' ? 'paused' : settings.state === 'cancelled' ? 'cancelling' : 'running';
  let told: Control = state.told ?? ORDERS[settings.state];
  /** What S3 said when it was last asked whether too many have failed; null where something has changed since. */
  let verdict: 'go on' | null = null;
  const treasury = new Treasury(state.free);
  for (const need of state.needs) treasury.need(need.holder, need.nanoUsd, need.idle);
  const { chapters, routed, patienceMs, firstGrant } = state.view;
  const actor: ActorInput = { campaign: name, chapters, ...(routed === undefined ? {} : { routed }), ...state.view.actor, patienceMs, firstGrant };
  const pageHandle = (number: number) => getExternalWorkflowHandle(pageWorkflowId(name, number));
  const tell = (number: number, work: (handle: ReturnType<typeof pageHandle>) => Promise<void>) => void work(pageHandle(number)).catch(() => undefined);

  setHandler(pageTailSignal, ({ page: number, running }) => {
    const open = state.open.find((each) => each.page === number);
    if (open !== undefined) open.tail = running;
    shareSlots();
  });
  setHandler(pageFailuresSignal, ({ page: number, failed, ended }) => {
    const open = state.open.find((each) => each.page === number);
    if (open !== undefined) open.failures = { failed, ended };
    verdict = null;
  });
  setHandler(pageNeedSignal, ({ page: number, nanoUsd, idle }) => {
    treasury.need(number, nanoUsd, idle);
    shareMoney();
  });
  const progress = (): CampaignProgress => ({
    state: phase,
    planned: state.view.planned,
    duplicates: state.view.duplicates,
    outcomes: state.outcomes,
    calls: state.calls,
    nanoUsd: state.nanoUsd,
    openPages: state.open.map((open) => pageWorkflowId(name, open.page)),
    concurrency: settings.concurrency,
    budget: settings.budget,
    generation: state.generation,
    waiting: waiting?.reason ?? '',
    waitingSince: waiting?.since ?? null,
  });
  setHandler(progressQuery, progress);

  /** What one page can use, where more than that is to be had. */
  function pageSlots(): number {
    const { concurrency } = settings;
    return concurrency > state.view.pageSize && patched('open-pages') ? state.view.pageSize : concurrency;
  }

  /** Pages that fill all slots, and the one that follows while they run out. */
  function pagesWanted(): number {
    return Math.min(Math.ceil(settings.concurrency / pageSlots()) + 1, MOST_OPEN_PAGES);
  }

  /** The oldest pages get as many slots as they can use; what their tails leave free goes to the next. */
  function shareSlots(): void {
    let free = settings.concurrency;
    const most = pageSlots();
    for (const open of state.open) {
      const slots = Math.min(free, most);
      free = Math.max(0, free - (open.tail ?? slots));
      if (slots !== open.slots) {
        open.slots = slots;
        tell(open.page, (handle) => handle.signal(slotsSignal, slots));
      }
    }
  }

  function shareMoney(): void {
    const block = actor.firstGrant * settings.concurrency;
    for (let grant = treasury.grant(block); grant !== null; grant = treasury.grant(block)) {
      const { holder, amount } = grant;
      tell(holder, (handle) => handle.signal(grantSignal, { nanoUsd: amount }));
    }
    const denied = treasury.deny();
    if (denied !== null) tell(denied, (handle) => handle.signal(grantSignal, { nanoUsd: 0 }));
  }

  async function openPage(): Promise<void> {
    const number = state.backlog.shift() as number;
    const open: OpenPage = { page: number, slots: state.open.some((each) => each.tail === null) ? 0 : pageSlots(), tail: null };
    state.open.push(open);
    for (let vain = 0; !(await startPage(open)); vain++) {
      // a page that outlived its campaign's earlier run reports to this one
      if (vain === STARTS_IN_VAIN || finished.some((done) => done.page === number) || !patched('ending-page')) break;
      await sleep('1 second');
    }
    shareSlots();
  }

  /** False where a page of this id runs. */
  async function startPage({ page: number, slots }: OpenPage): Promise<boolean> {
    try {
      await startChild(page, {
        workflowId: pageWorkflowId(name, number),
        taskQueue: QUEUES.orchestrate,
        args: [{ actor, page: number, slots, budgeted: treasury.free !== null, held: phase === 'paused', ...(settings.stopAfter === undefined ? {} : { reports: true }) }],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        typedSearchAttributes: [{ key: SEARCH.campaign, value: name }],
        priority: { fairnessKey: name },
        staticSummary: `page ${number}`,
      });
      return true;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw error;
    }
  }

  function close(done: PageDone): void {
    const at = state.open.findIndex((open) => open.page === done.page);
    if (at < 0) return;
    const [closed] = state.open.splice(at, 1);
    if (closed?.outdated === true) state.due = true;
    verdict = null;
    for (const [outcome, count] of Object.entries(done.outcomes)) state.outcomes[outcome as keyof Tally] += count;
    state.calls += done.calls;
    state.nanoUsd += done.nanoUsd;
    state.unpublished.push(done.seal);
    treasury.leave(done.page, done.unspent ?? 0);
    shareMoney();
    shareSlots();
  }

  async function applySettings(): Promise<void> {
    settingsChanged = false;
    const next = await io.readSettings({ campaign: name });
    if (cancelRequested()) next.state = 'cancelled';
    if (next.budget !== null && settings.budget !== null) treasury.give(nanoOf(next.budget) - nanoOf(settings.budget));
    const reopened = next.reopened !== settings.reopened;
    const reporting = settings.stopAfter !== undefined;
    settings = next;
    verdict = null;
    if (phase !== 'cancelling') {
      phase = next.state === 'cancelled' ? 'cancelling' : next.state === 'paused' ? 'paused' : 'running';
      order();
    }
    if (!reporting && settings.stopAfter !== undefined) for (const open of state.open) tell(open.page, (handle) => handle.signal(reportSignal));
    shareSlots();
    shareMoney();
    if (phase === 'cancelling' || !patched('settings-taken-up')) return;
    state.due = state.due === true || reopened || awaitsBudget();
    if (awaitsBudget()) for (const open of state.open) tell(open.page, (handle) => handle.signal(controlSignal, 'stop'));
  }

  /** Tells open pages what has become of the campaign, where that changes what they do. */
  function order(): void {
    const outage = waiting?.outage === true && patched('outage-holds');
    const running = outage ? 'finish' : ORDERS.running;
    const paused = settings.stopped === true ? 'finish' : ORDERS.paused;
    const now: Control = { ...ORDERS, running, paused }[settings.state];
    if (now !== told) for (const open of state.open) tell(open.page, (handle) => handle.signal(controlSignal, now));
    told = now;
  }

  /** How long the campaign takes what keeps calls from getting through for granted, ms; null where nothing does. */
  function waitingFor(): number | null {
    return waiting === null || !patched('outage-holds') ? null : waiting.said + Math.min(WAITING_EXPIRES_MS, patienceMs) - Date.now();
  }

  /** By what pages have reported, too many situations have failed. */
  function tooManyFailed(): boolean {
    const { stopAfter, countFrom = { failed: 0, ended: 0 } } = settings;
    if (stopAfter === undefined || phase !== 'running' || verdict === 'go on') return false;
    const counts = [failureCount(state.outcomes), ...state.open.flatMap(({ failures }) => failures ?? [])];
    const sum = (what: keyof FailureCount) => counts.reduce((total, count) => total + count[what], 0);
    return failedTooMany(sinceThen({ failed: sum('failed'), ended: sum('ended') }, countFrom), stopAfter);
  }

  /** A budget was set that the open pages, begun without one, would not keep to. */
  function awaitsBudget(): boolean {
    return treasury.free === null && settings.budget !== null;
  }

  /** Takes up what settings have changed: more situations, retries, a first budget. Open pages are left to seal as they were begun. */
  async function reopen(): Promise<void> {
    state.due = false;
    const { view, backlog, outcomes, calls, nanoUsd } = begin(await io.openCampaign({ campaign: name }));
    for (const open of state.open) open.outdated = true;
    Object.assign(state, { view, outcomes, calls, nanoUsd, backlog: backlog.filter((number) => state.open.every((open) => open.page !== number)) });
    if (awaitsBudget()) treasury.free = nanoOf(settings.budget as number) - view.spent;
  }

  for (;;) {
    stirred = false;
    if (settingsChanged || (cancelRequested() && phase !== 'cancelling')) await applySettings();
    while (finished.length > 0) close(finished.shift() as PageDone);
    if (tooManyFailed()) {
      // S3 has the last word: a retry, or a change of settings, may be on its way here
      if (await io.stopFailing({ campaign: name })) settingsChanged = true;
      else verdict = 'go on';
      continue;
    }
    const expires = waitingFor();
    if (expires !== null && expires <= 0) waiting = null;
    if (phase !== 'cancelling') order();
    const due = state.due === true && phase !== 'cancelling';
    const through = state.open.length === 0 && ((state.backlog.length === 0 && !due) || phase === 'cancelling');
    if (state.unpublished.length > 0 && finished.length === 0) {
      const seals = state.unpublished.splice(0, SEALS_AT_ONCE);
      state.generation = (await io.publish({ campaign: name, seals })).generation;
      continue;
    }
    if (through) break;
    if (due && (state.open.length === 0 || !awaitsBudget())) {
      await reopen();
      continue;
    }
    if (!due && phase === 'running' && state.backlog.length > 0 && told === 'go' && state.open.length < pagesWanted()) {
      await openPage();
      continue;
    }
    if (workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > LONGEST_HISTORY) {
      await continueAsNew<typeof campaign>({ campaign: name, carried: { ...state, view: { ...state.view, settings }, free: treasury.free, needs: treasury.needs, told, ...(waiting === null ? {} : { waiting }) } });
    }
    const wake = () => stirred || settingsChanged || finished.length > 0 || tooManyFailed() || (cancelRequested() && phase !== 'cancelling');
    if (expires !== null && waiting !== null) await condition(wake, expires);
    else await condition(wake);
  }
  phase = phase === 'cancelling' ? 'cancelled' : 'done';
  return progress();
}

function nanoOf(usd: number): number {
  return Math.round(usd * 1e9);
}

function begin(view: CampaignView): Carried {
  const sealed = new Set(parseRanges(view.sealed));
  const { budget } = view.settings;
  return {
    view,
    backlog: Array.from({ length: view.pages }, (_, i) => i).filter((number) => !sealed.has(number)),
    open: [],
    outcomes: { ...view.outcomes },
    calls: view.calls,
    nanoUsd: view.nanoUsd,
    free: budget === null ? null : nanoOf(budget) - view.spent,
    needs: [],
    unpublished: [],
    generation: view.generation,
  };
}
