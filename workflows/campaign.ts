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
import type { Draw } from '../activities/budget.ts';
import type { PageActivities, SettingsView } from '../activities/pages.ts';
import { failedTooMany, sinceThen } from '../activities/failed-share.ts';
import type { StopActivities } from '../activities/stop-failing.ts';
import { addSeal, bringOut, publishesIn } from './generations.ts';
import { begin, budgetOf, expiresIn, failuresOf, ORDERS, type Carried, type OpenPage } from './carried.ts';
import {
  batchControlSignal,
  batchWorkflowId,
  grantSignal,
  modeSignal,
  pageDoneSignal,
  pageFailuresSignal,
  pageNeedSignal,
  pageReturnSignal,
  pageTailSignal,
  pageWorkflowId,
  progressQuery,
  QUEUES,
  recallSignal,
  reportSignal,
  settingsSignal,
  waitingSignal,
  type ActorInput,
  type CampaignProgress,
  type CampaignState,
  type Control,
  type PageDone,
  type Tally,
} from './messages.ts';
import { movesOn } from './auto-upgrade.ts';
import { page } from './page.ts';
import { PagePost } from './post.ts';
import { SEARCH } from './search-attributes.ts';
import { Purse } from './purse.ts';

/*
 * One campaign: pages of situations, a few open at a time, until all are sealed.
 *
 * Ask S3 what is sealed already. Keep as many pages open as concurrency fills, and one more, so that the slow tail of one overlaps
 * with the next; share concurrency and budget out among them; publish manifest generations as pages seal. Settings (pause, cancel, budget, concurrency, retries, a
 * longer listing) are read from S3 whenever a signal says that they changed. Retries and new situations have S3 asked again which
 * pages are sealed; a first budget stops the open pages, which know of none, and opens them again with money to share out. While
 * calls do not get through, and once too many situations have failed, open pages begin no further situation. The campaign ends when every page is sealed, or when it is cancelled.
 */

export interface CampaignInput {
  campaign: string;
  carried?: Carried;
}

export type CampaignResult = CampaignProgress;

/** Far below the 2,000 children that one workflow may have pending. */
const MOST_OPEN_PAGES = 500;
/** A page that has reported may take a moment to end; starts in vain before another run's page is taken to have its id. */
const STARTS_IN_VAIN = 5;
const LONGEST_HISTORY = 4_000;
/** How long to wait before the cap is asked again, as other campaigns end without a word to this one. */
const REST_MS = 10_000;
const USED_UP = 'the cap over all campaigns is used up: others may give some of it back, or `exemplar budget cap=USD` raises it';

const io = proxyActivities<PageActivities & StopActivities>({
  taskQueue: QUEUES.io,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

movesOn(campaign);

export async function campaign(input: CampaignInput): Promise<CampaignResult> {
  // a cancellation from the UI is read as the cancel verb: calls in flight finish and what is terminal is sealed
  let cancelRequested = false;
  void CancellationScope.current().cancelRequested.catch(() => (cancelRequested = true));
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
  const purse = new Purse(state.free, { budget: budgetOf(settings, state.view), hold: state.hold ?? null });
  const { treasury } = purse;
  /** The cap is being asked: what is free now may be what it keeps. */
  let drawing = false;
  /** How the last vain draw left things: others may still give back, or nobody can. */
  let lull: 'rest' | 'dry' | null = null;
  for (const need of state.needs) treasury.need(need.holder, need.nanoUsd, need.idle);
  const { chapters, routed, patienceMs, firstGrant, leaseMs } = state.view;
  const actor: ActorInput = { campaign: name, chapters, ...(routed === undefined ? {} : { routed }), ...state.view.actor, patienceMs, firstGrant, ...(leaseMs === undefined ? {} : { leaseMs }) };
  const post = new PagePost(name, patched('in-order'));

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
  setHandler(pageReturnSignal, ({ nanoUsd }) => {
    treasury.give(nanoUsd);
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
    waiting: waiting?.reason ?? (lull === 'rest' ? USED_UP : ''),
    waitingSince: waiting?.since ?? null,
    ...(settings.mode === undefined ? {} : { batched: true }),
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
      const share = Math.min(free, most);
      free = Math.max(0, free - (open.tail ?? share));
      if (share !== open.slots) {
        open.slots = share;
        void post.slots.say(open.page, share);
      }
    }
  }

  function block(): number {
    return actor.firstGrant * settings.concurrency;
  }

  function shareMoney(): void {
    if (drawing) return;
    for (let grant = treasury.grant(block()); grant !== null; grant = treasury.grant(block())) {
      const { holder, amount } = grant;
      post.tell(holder, grantSignal, { nanoUsd: amount });
    }
    // as long as the cap may give more, nobody is turned away
    if (lull !== 'dry' && purse.draw(block()) !== null) return;
    const denied = treasury.deny();
    if (denied === null) return;
    lull = null;
    post.tell(denied, grantSignal, { nanoUsd: 0 });
  }

  /** What runs goes on where the campaign has stopped itself, and needs its money. */
  const mayDraw = () => (phase === 'running' || (phase === 'paused' && settings.stopped === true)) && lull === null && purse.draw(block()) !== null;

  /** Asks the cap over all campaigns for what the first need lacks. */
  async function drawMoney(): Promise<void> {
    const draw = purse.draw(block()) as Draw;
    drawing = true;
    const { hold, mayCome } = await io.drawMoney({ campaign: name, ...draw });
    drawing = false;
    // where the cap is gone, the campaign keeps to what it would have held
    purse.bound({ budget: budgetOf(settings, state.view), hold: hold ?? draw.most });
    lull = hold === null || hold >= draw.least ? null : mayCome ? 'rest' : 'dry';
    shareMoney();
  }

  async function openPage(): Promise<void> {
    const number = state.backlog.shift() as number;
    const open: OpenPage = { page: number, slots: state.open.some((each) => each.tail === null) ? 0 : pageSlots(), tail: null };
    state.open.push(open);
    const begunWith = open.slots;
    for (let vain = 0; !(await startPage(open)); vain++) {
      // a page that outlived its campaign's earlier run reports to this one
      if (vain === STARTS_IN_VAIN || finished.some((done) => done.page === number) || !patched('ending-page')) break;
      await sleep('1 second');
    }
    // what was said while it was being started has reached nobody
    if (open.slots !== begunWith && patched('slots-once-begun')) void post.slots.say(number, open.slots);
    shareSlots();
  }

  /** False where a page of this id runs. */
  async function startPage({ page: number, slots }: OpenPage): Promise<boolean> {
    try {
      await startChild(page, {
        workflowId: pageWorkflowId(name, number),
        taskQueue: QUEUES.orchestrate,
        args: [{ actor, page: number, slots, budgeted: treasury.free !== null, held: phase === 'paused', ...(settings.stopAfter === undefined ? {} : { reports: true }), ...(settings.mode === undefined ? {} : { mode: settings.mode }) }],
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
    addSeal(state, done.seal);
    treasury.leave(done.page, done.unspent ?? 0);
    shareMoney();
    shareSlots();
  }

  async function applySettings(): Promise<void> {
    settingsChanged = false;
    const next = await io.readSettings({ campaign: name });
    // batches, and a campaign begun anew, read of it on S3
    if (cancelRequested() && phase !== 'cancelling' && next.state !== 'cancelled' && patched('cancel-recorded')) await io.recordCancel({ campaign: name, after: next.n });
    if (cancelRequested()) next.state = 'cancelled';
    if (next.budget !== null && treasury.free !== null) purse.bound({ budget: budgetOf(next, state.view), hold: purse.hold });
    if (next.capped === true && purse.hold === null && purse.promised !== null) {
      // a first cap: what is promised already is held, whether the cap leaves so much or not
      const { promised } = purse;
      drawing = true;
      const { hold } = await io.drawMoney({ campaign: name, promised, least: promised, most: promised });
      drawing = false;
      if (hold !== null) purse.bound({ budget: budgetOf(next, state.view), hold });
    }
    lull = null;
    const reopened = next.reopened !== settings.reopened;
    const reporting = settings.stopAfter !== undefined;
    tellBatches(next);
    settings = next;
    verdict = null;
    if (phase !== 'cancelling') {
      phase = next.state === 'cancelled' ? 'cancelling' : next.state === 'paused' ? 'paused' : 'running';
      order();
    }
    if (!reporting && settings.stopAfter !== undefined) for (const open of state.open) post.tell(open.page, reportSignal);
    shareSlots();
    if (purse.overdrawn && patched('recall')) for (const open of state.open) post.tell(open.page, recallSignal);
    shareMoney();
    if (phase === 'cancelling' || !patched('settings-taken-up')) return;
    state.due = state.due === true || reopened || awaitsBudget();
    if (awaitsBudget()) for (const open of state.open) void post.orders.say(open.page, 'stop');
  }

  /** Open pages hear how steps reach the model from now on, the batches what has become of the campaign. */
  function tellBatches({ mode, state: said, stopped }: SettingsView): void {
    if (mode === undefined) return;
    if (mode !== settings.mode) for (const open of state.open) post.tell(open.page, modeSignal, mode);
    // where it stopped itself, what runs goes on
    if (said !== settings.state && stopped !== true) post.drop(getExternalWorkflowHandle(batchWorkflowId(name)), batchControlSignal, ORDERS[said]);
  }

  /** Tells open pages what has become of the campaign, where that changes what they do. */
  function order(): void {
    const outage = waiting?.outage === true && patched('outage-holds');
    const running = outage ? 'finish' : ORDERS.running;
    const paused = settings.stopped === true ? 'finish' : ORDERS.paused;
    const now: Control = { ...ORDERS, running, paused }[settings.state];
    if (now !== told) for (const open of state.open) void post.orders.say(open.page, now);
    told = now;
  }

  /** How long the campaign takes what keeps calls from getting through for granted, ms; null where nothing does. */
  function waitingFor(): number | null {
    return waiting === null || !patched('outage-holds') ? null : expiresIn(waiting, patienceMs, patched('expires-soon'));
  }

  /** By what pages have reported, too many situations have failed. */
  function tooManyFailed(): boolean {
    const { stopAfter, countFrom = { failed: 0, ended: 0 } } = settings;
    if (stopAfter === undefined || phase !== 'running' || verdict === 'go on') return false;
    return failedTooMany(sinceThen(failuresOf(state), countFrom), stopAfter);
  }

  /** A budget or cap was set that the open pages, begun without one, would not keep to. */
  function awaitsBudget(): boolean {
    return treasury.free === null && (settings.budget !== null || settings.capped === true);
  }

  /** Takes up what settings have changed: more situations, retries, a first budget. Open pages are left to seal as they were begun. */
  async function reopen(): Promise<void> {
    state.due = false;
    const { view, backlog, outcomes, calls, nanoUsd } = begin(await io.openCampaign({ campaign: name }));
    for (const open of state.open) open.outdated = true;
    Object.assign(state, { view, outcomes, calls, nanoUsd, backlog: backlog.filter((number) => state.open.every((open) => open.page !== number)) });
    if (awaitsBudget()) purse.begin({ budget: budgetOf(view.settings, view), hold: view.hold ?? null }, view.spent);
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
    const out = publishesIn(state, phase === 'running' && told === 'go' && !due && state.open.length > 0);
    if (finished.length === 0 && (await bringOut(state, name, io, out))) continue;
    if (through) break;
    if (due && (state.open.length === 0 || !awaitsBudget())) {
      await reopen();
      continue;
    }
    if (!due && phase === 'running' && state.backlog.length > 0 && told === 'go' && state.open.length < pagesWanted()) {
      await openPage();
      continue;
    }
    if (mayDraw()) {
      await drawMoney();
      continue;
    }
    if (!settingsChanged && (workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > LONGEST_HISTORY)) {
      if (!post.empty && patched('post-first')) {
        await post.emptied();
        continue;
      }
      const money = { free: treasury.free, needs: treasury.needs, ...(purse.hold === null ? {} : { hold: purse.hold }) };
      await continueAsNew<typeof campaign>({ campaign: name, carried: { ...state, view: { ...state.view, settings }, ...money, told, ...(waiting === null ? {} : { waiting }) } });
    }
    const woken = () => stirred || settingsChanged || finished.length > 0 || tooManyFailed() || (cancelRequested() && phase !== 'cancelling') || mayDraw();
    const expiry = expires !== null && waiting !== null ? expires : Infinity;
    const rest = lull === 'rest' ? REST_MS : Infinity;
    const soonest = Math.min(expiry, rest, out);
    if (soonest === Infinity) await condition(woken);
    else if (!(await condition(woken, soonest)) && rest === soonest) lull = null;
  }
  if (!post.empty && patched('post-first')) await post.emptied();
  if (purse.hold !== null) await io.closeMoney({ campaign: name });
  phase = phase === 'cancelling' ? 'cancelled' : 'done';
  return progress();
}
