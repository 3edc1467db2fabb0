import {
  ChildWorkflowFailure,
  condition,
  getExternalWorkflowHandle,
  patched,
  proxyActivities,
  setHandler,
  startChild,
} from '@temporalio/workflow';
import type { Mode } from '../schemas/campaign.ts';
import type { Unfinished } from '../activities/spending.ts';
import type { OutcomeActivities } from '../activities/outcomes.ts';
import type { PageActivities } from '../activities/pages.ts';
import { parseTries, type Tried } from '../activities/ranges.ts';
import { exemplar } from './exemplar.ts';
import {
  campaignWorkflowId,
  controlSignal,
  emptyTally,
  failureCount,
  grantSignal,
  modeSignal,
  pageDoneSignal,
  pageFailuresSignal,
  pageNeedSignal,
  pageProgressQuery,
  pageReturnSignal,
  pageTailSignal,
  pageWorkflowId,
  QUEUES,
  recallSignal,
  reportSignal,
  situationNeedSignal,
  situationReturnSignal,
  situationWorkflowId,
  slotsSignal,
  type ActorInput,
  type Control,
  type ExemplarResult,
  type PageDone,
} from './messages.ts';
import { Latest } from './latest.ts';
import { Post } from './post.ts';
import { SEARCH } from './search-attributes.ts';
import { Treasury } from './treasury.ts';

/*
 * One page of situations: the unit of fan-out and of a shard.
 *
 * Ask S3 which of its situations have no outcome yet. Run those as children, as many at once as the campaign allows, sharing out
 * the money that the campaign grants. When all are terminal (or the page is told to stop), seal the shard and tell the campaign.
 */

/** As often is the campaign told at most that the page's tail leaves slots free. */
const TAIL_STEPS = 16;

export interface PageInput {
  actor: ActorInput;
  page: number;
  slots: number;
  budgeted: boolean;
  held: boolean;
  /** Tell the campaign as situations end how many have failed. */
  reports?: boolean;
  /** Absent where the campaign has never asked in batches. */
  mode?: Mode;
}

/**
 * Children being started at once. The server tells a parent of each start under the parent's lock; what finds it taken tries again after
 * a growing while, and of 200 at once the last ones began ten seconds late.
 */
const STARTS_AT_ONCE = 64;

const io = proxyActivities<PageActivities & OutcomeActivities>({
  taskQueue: QUEUES.io,
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

export async function page(input: PageInput): Promise<PageDone> {
  const { actor } = input;
  const self = pageWorkflowId(actor.campaign, input.page);
  const campaign = getExternalWorkflowHandle(campaignWorkflowId(actor.campaign));
  const treasury = new Treasury(input.budgeted ? 0 : null);
  const running = new Map<number, number>();
  let starting = 0;
  let control = (input.held ? 'hold' : 'go') as Control;
  let { slots } = input;
  let reports = input.reports === true;
  let reported = { failed: 0, ended: 0 };
  let reporting = false;
  let { mode } = input;
  let asked = false;
  let refused = false;
  /** The campaign has promised more than it may: what comes back goes back to it. */
  let recalled = false;
  let recalls = 0;
  let toldRunning = Infinity;
  const tally = emptyTally();
  const spent = { calls: 0, nanoUsd: 0, charged: 0 };
  const start: Promise<unknown>[] = [];
  const post = new Post();
  const unfinished: Unfinished[] = [];

  const child = (index: number) => getExternalWorkflowHandle(situationWorkflowId(actor.campaign, index, running.get(index) as number));

  const orderly = patched('in-order');
  const orders = new Latest(orderly, async (index: number, order: Control) => await child(index).signal(controlSignal, order));
  const needs = new Latest(orderly, async (_: 'campaign', need: { nanoUsd: number; idle: boolean }) => await campaign.signal(pageNeedSignal, { page: input.page, ...need }));
  const tails = new Latest(orderly, async (_: 'campaign', situations: number) => await campaign.signal(pageTailSignal, { page: input.page, running: situations }));

  setHandler(slotsSignal, (n) => {
    slots = n;
  });
  setHandler(controlSignal, (order) => {
    if (control === 'stop') return;
    const [before, now] = [control, order].map(forChildren);
    control = order;
    if (now !== before) for (const index of running.keys()) void orders.say(index, now as Control);
  });
  setHandler(reportSignal, () => {
    reports = true;
    void reportFailures();
  });
  setHandler(modeSignal, (next) => {
    mode = next;
    for (const index of running.keys()) void child(index).signal(modeSignal, next).catch(() => undefined);
  });
  setHandler(situationNeedSignal, ({ index, nanoUsd }) => {
    treasury.need(index, nanoUsd);
    void shareOut();
  });
  setHandler(grantSignal, ({ nanoUsd }) => {
    asked = false;
    if (nanoUsd === 0) refused = true;
    else recalled = false;
    treasury.give(nanoUsd);
    void shareOut();
  });
  setHandler(recallSignal, () => {
    recalled = true;
    recalls += 1;
    for (const index of running.keys()) void child(index).signal(recallSignal).catch(() => undefined);
    giveBack();
    asked = false;
    void shareOut();
  });
  setHandler(situationReturnSignal, ({ nanoUsd }) => {
    treasury.give(nanoUsd);
    giveBack();
    void shareOut();
  });

  const view = await io.openPage({ campaign: actor.campaign, page: input.page });
  Object.assign(tally, view.outcomes);
  Object.assign(spent, { calls: view.calls, nanoUsd: view.nanoUsd });
  const backlog = parseTries(view.pending).sort((a, b) => a.index - b.index);
  setHandler(pageProgressQuery, () => ({
    page: input.page,
    situations: view.to - view.from,
    outcomes: tally,
    running: running.size,
    calls: spent.calls,
    nanoUsd: spent.nanoUsd,
  }));

  /** One report at a time: what ends meanwhile is in the next. */
  async function reportFailures(): Promise<void> {
    if (!reports || reporting) return;
    reporting = true;
    for (let count = failureCount(tally); count.ended !== reported.ended || count.failed !== reported.failed; count = failureCount(tally)) {
      reported = count;
      await campaign.signal(pageFailuresSignal, { page: input.page, ...count }).catch(() => undefined);
    }
    reporting = false;
  }

  /** While money is recalled, all that no situation holds goes back. */
  function giveBack(): void {
    const nanoUsd = treasury.free ?? 0;
    if (!recalled || nanoUsd <= 0) return;
    treasury.give(-nanoUsd);
    post.drop(campaign, pageReturnSignal, { page: input.page, nanoUsd });
  }

  /** Grants what fits, lowest index first; asks the campaign for what does not; turns one away when nothing else can move. */
  async function shareOut(): Promise<void> {
    for (;;) {
      const grant = treasury.grant(actor.firstGrant);
      if (grant !== null) {
        await child(grant.holder).signal(grantSignal, { nanoUsd: grant.amount }).catch(() => {
          // it has ended, and never had it
          if (patched('grant-comes-back')) treasury.give(grant.amount);
        });
        continue;
      }
      const first = treasury.first ?? (wantsToStart() ? { amount: actor.firstGrant } : null);
      if (first === null) return;
      const idle = treasury.active === 0;
      if (!refused) {
        if (!asked || idle) {
          asked = true;
          await needs.say('campaign', { nanoUsd: first.amount - (treasury.free ?? 0), idle });
        }
        return;
      }
      const denied = treasury.deny();
      if (denied === null) return;
      refused = false;
      await child(denied).signal(grantSignal, { nanoUsd: 0 }).catch(() => undefined);
    }
  }

  /** A situation stands ready, a slot is free, and only its first grant is missing. */
  function wantsToStart(): boolean {
    return input.budgeted && control === 'go' && backlog.length > 0 && running.size < slots && treasury.waiting === 0 && (treasury.free as number) < actor.firstGrant;
  }

  /** The first grant of a new situation; 0 where the budget cannot give it, so that its first step ends it as over budget. */
  function firstGrant(index: number): number | null {
    if (!input.budgeted) return null;
    return treasury.start(index, actor.firstGrant);
  }

  async function play(index: number, attempt: number, allowance: number | null): Promise<ExemplarResult> {
    const told = { order: forChildren(control), mode, recalls };
    starting += 1;
    const begun = await startChild(exemplar, {
      workflowId: situationWorkflowId(actor.campaign, index, attempt),
      taskQueue: QUEUES.orchestrate,
      args: [{ actor, index, try: attempt, page: self, allowance, held: told.order === 'hold', ...(mode === undefined ? {} : { mode }) }],
      typedSearchAttributes: [{ key: SEARCH.campaign, value: actor.campaign }],
      priority: { fairnessKey: actor.campaign },
      staticSummary: `situation ${index}${attempt > 0 ? `, try ${attempt}` : ''}`,
    }).finally(() => (starting -= 1));
    const now = { order: forChildren(control), mode, recalls };
    // what was said while it was being started has reached nobody
    if (now.order !== told.order && patched('told-once-begun')) void orders.say(index, now.order);
    if (now.mode !== undefined && now.mode !== told.mode && patched('told-once-begun')) void child(index).signal(modeSignal, now.mode).catch(() => undefined);
    if (now.recalls !== told.recalls && patched('told-once-begun')) void child(index).signal(recallSignal).catch(() => undefined);
    return await begun.result();
  }

  async function run(index: number, attempt: number, allowance: number | null): Promise<void> {
    const result = await play(index, attempt, allowance).catch(async (error: unknown): Promise<ExemplarResult> => {
      if (!(error instanceof ChildWorkflowFailure)) throw error;
      return await lost(index, attempt, error);
    });
    running.delete(index);
    if (result.outcome !== null) tally[result.outcome] += 1;
    // without a budget, what it cost must be known should one come; with one, that no more came of its grants
    else if (!input.budgeted && result.cost > 0) unfinished.push({ index, try: attempt, nanoUsd: result.cost });
    else if (input.budgeted && result.runs !== undefined) unfinished.push({ index, try: attempt, nanoUsd: result.charged, runs: result.runs });
    void reportFailures();
    spent.calls += result.calls;
    spent.nanoUsd += result.cost;
    spent.charged += result.charged;
    treasury.leave(index, result.unspent ?? 0);
    giveBack();
    if (backlog.length === 0 && tellsTail()) tellTail();
    await shareOut();
  }

  /** Whether enough slots have come free since the campaign was last told. */
  function tellsTail(): boolean {
    return !patched('tail-in-steps') || running.size <= toldRunning - Math.ceil(slots / TAIL_STEPS);
  }

  /** The last situation has begun: slots that stay free are the next page's. */
  function tellTail(): void {
    toldRunning = running.size;
    void tails.say('campaign', running.size);
  }

  /** A situation whose workflow was terminated or broke: it fails with the reason, and nothing of it is dropped. */
  async function lost(index: number, attempt: number, error: ChildWorkflowFailure): Promise<ExemplarResult> {
    const reason = `situation workflow ended: ${error.cause?.message ?? error.message}`.slice(0, 160);
    const ended = { index, try: attempt, outcome: 'failed' as const, reason, stance: null, passes: 0, reopened: 0, calls: 0 };
    // no run of it has said what it spent: all that it was granted counts
    const life = { runs: [], charged: 0 };
    await io.recordOutcome({ ...ended, life, campaign: actor.campaign, failedAt: null, log: null, final: null, alternatives: [], nanoUsd: 0 });
    return { ...ended, rounds: [], charged: 0, cost: 0, unspent: 0 };
  }

  void reportFailures();
  const stopped = () => control === 'stop';
  const startsAtOnce = patched('starts-in-waves') ? STARTS_AT_ONCE : Infinity;
  const mayStart = () => control === 'go' && backlog.length > 0 && running.size < slots && starting < startsAtOnce;
  const funded = () => !input.budgeted || (treasury.waiting === 0 && (treasury.free as number) >= actor.firstGrant) || (refused && treasury.active === 0);
  while (backlog.length > 0 && !stopped()) {
    await condition(() => mayStart() || stopped());
    if (!mayStart()) continue;
    if (!funded()) {
      await shareOut();
      await condition(() => funded() || !mayStart());
      continue;
    }
    const { index, try: attempt } = backlog.shift() as Tried;
    running.set(index, attempt);
    refused = false;
    start.push(run(index, attempt, firstGrant(index)));
  }
  if (!stopped() && running.size < slots && patched('tail-at-once')) tellTail();
  await Promise.all(start);

  const { seal, outcomes = tally } = await io.sealPage({ campaign: actor.campaign, page: input.page, settings: view.settings, ...(unfinished.length === 0 ? {} : { unfinished }) });
  const done: PageDone = {
    page: input.page,
    seal,
    outcomes,
    calls: spent.calls,
    nanoUsd: spent.nanoUsd,
    charged: spent.charged,
    unspent: treasury.free,
    cancelled: stopped(),
  };
  await campaign.signal(pageDoneSignal, done);
  if (!post.empty && patched('post-first')) await post.emptied();
  return done;
}

/** The order as situations that run must take it. */
function forChildren(order: Control): Control {
  return order === 'finish' ? 'go' : order;
}
