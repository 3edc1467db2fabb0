import {
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  patched,
  proxyActivities,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
  CancellationScope,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { CampaignView, PageActivities, SettingsView } from '../activities/pages.ts';
import { parseRanges } from '../activities/ranges.ts';
import {
  controlSignal,
  grantSignal,
  pageDoneSignal,
  pageNeedSignal,
  pageTailSignal,
  pageWorkflowId,
  progressQuery,
  QUEUES,
  settingsSignal,
  slotsSignal,
  waitingSignal,
  type ActorInput,
  type CampaignProgress,
  type CampaignState,
  type PageDone,
  type Tally,
} from './messages.ts';
import { page } from './page.ts';
import { SEARCH } from './search-attributes.ts';
import { Treasury } from './treasury.ts';

/*
 * One campaign: pages of situations, a few open at a time, until all are sealed.
 *
 * Ask S3 what is sealed already. Keep two pages open, so that the slow tail of one overlaps with the next; share concurrency and
 * budget out among them; publish a manifest generation as pages seal. Settings (pause, cancel, budget, concurrency, retries, a
 * longer listing) are read from S3 whenever a signal says that they changed. Retries and new situations have S3 asked again which
 * pages are sealed; a first budget stops the open pages, which know of none, and opens them again with money to share out. The
 * campaign ends when every page is sealed, or when it is cancelled.
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
}

const OPEN_PAGES = 2;
/** A page that has reported may take a moment to end; starts in vain before another run's page is taken to have its id. */
const STARTS_IN_VAIN = 5;
/** Seals published at once: their hashes must stay small in the history. */
const SEALS_AT_ONCE = 5;
const LONGEST_HISTORY = 4_000;

const io = proxyActivities<PageActivities>({
  taskQueue: QUEUES.io,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

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
  let waiting = '';
  const finished: PageDone[] = [];
  setHandler(settingsSignal, () => {
    settingsChanged = true;
  });
  setHandler(waitingSignal, (reason) => {
    waiting = reason;
  });
  setHandler(pageDoneSignal, (done) => {
    finished.push(done);
  });

  const state = input.carried ?? begin(await io.openCampaign({ campaign: name }));
  let settings: SettingsView = state.view.settings;
  let phase: CampaignState = settings.state === 'paused' ? 'paused' : settings.state === 'cancelled' ? 'cancelling' : 'running';
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
    waiting,
  });
  setHandler(progressQuery, progress);

  /** The oldest page gets all slots; what its tail leaves free goes to the next. */
  function shareSlots(): void {
    let free = settings.concurrency;
    for (const open of state.open) {
      const slots = free;
      free = Math.max(0, free - (open.tail ?? free));
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
    const open: OpenPage = { page: number, slots: state.open.some((each) => each.tail === null) ? 0 : settings.concurrency, tail: null };
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
        args: [{ actor, page: number, slots, budgeted: treasury.free !== null, held: phase === 'paused' }],
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
    const order = next.state === 'cancelled' ? 'stop' : next.state === 'paused' ? 'hold' : 'go';
    if (phase !== 'cancelling') {
      phase = next.state === 'cancelled' ? 'cancelling' : next.state === 'paused' ? 'paused' : 'running';
      if (next.state !== settings.state) for (const open of state.open) tell(open.page, (handle) => handle.signal(controlSignal, order));
    }
    const reopened = next.reopened !== settings.reopened;
    settings = next;
    shareSlots();
    shareMoney();
    if (phase === 'cancelling' || !patched('settings-taken-up')) return;
    state.due = state.due === true || reopened || awaitsBudget();
    if (awaitsBudget()) for (const open of state.open) tell(open.page, (handle) => handle.signal(controlSignal, 'stop'));
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
    if (settingsChanged || (cancelRequested() && phase !== 'cancelling')) await applySettings();
    while (finished.length > 0) close(finished.shift() as PageDone);
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
    if (!due && phase === 'running' && state.backlog.length > 0 && state.open.length < OPEN_PAGES) {
      await openPage();
      continue;
    }
    if (workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > LONGEST_HISTORY) {
      await continueAsNew<typeof campaign>({ campaign: name, carried: { ...state, view: { ...state.view, settings }, free: treasury.free, needs: treasury.needs } });
    }
    await condition(() => settingsChanged || finished.length > 0 || (cancelRequested() && phase !== 'cancelling'));
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
