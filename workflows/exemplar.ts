import {
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ActorActivities } from '../activities/actor.ts';
import type { BrokenStep, StepAnswer, StepInput, StepResult, StepTools } from '../activities/step-messages.ts';
import type { FeedbackActivities } from '../activities/feedback.ts';
import type { OutcomeActivities, OutcomeInput } from '../activities/outcomes.ts';
import { parseRanges } from '../activities/ranges.ts';
import type { ToolActivities } from '../activities/tool-runs.ts';
import type { Mode } from '../schemas/campaign.ts';
import { FAILURE } from '../schemas/failure-types.ts';
import type { Stance } from '../schemas/plan.ts';
import { controlSignal, grantSignal, modeSignal, QUEUES, recallSignal, situationNeedSignal, situationReturnSignal, type ActorInput, type Control, type ExemplarResult, type Round } from './messages.ts';
import { charge, chargeAll, grantTo, takeBack, unwritten, written } from './allowance.ts';
import { begin, Ended, failureType, lostNothing, reasonOf, usd, type Progress, type Thread } from './progress.ts';
import { batchSteps, modelSteps } from './proxies.ts';
import { roundsTable } from './rounds.ts';
import { SEARCH } from './search-attributes.ts';

/*
 * One situation, from draft to outcome.
 *
 * Draft a plan, and select the chapters that concern it. Pass over them: each criticises the plan alone, and findings lead to a
 * revision; then what coarse actions promise is held against their sub-plans. A pass without a material revision converges; then
 * the plan, stripped to its minimal description, is explained anew and passed over once more. What changes it re-opens the passes;
 * what leaves it unchanged keeps the new explanation. The last act writes the outcome.
 */

/** Events after which a pass boundary continues as new, as it does where the server suggests it sooner. */
const LONGEST_HISTORY = 2_000;
const LONGEST_REASON = 160;

export interface ExemplarInput {
  actor: ActorInput;
  index: number;
  try: number;
  /** Workflow to ask for money. */
  page: string;
  /** Int nano-dollars to start with; null: no budget. */
  allowance: number | null;
  held: boolean;
  /** Absent where the campaign has never asked in batches. */
  mode?: Mode;
  carried?: Progress;
}

type StepAt = Pick<StepInput, 'path' | 'branch' | 'pass' | 'chapter'> & Partial<StepInput>;
type ReviseAt = Pick<StepInput, 'branch' | 'pass' | 'chapter' | 'path' | 'critique'>;

export async function exemplar(input: ExemplarInput): Promise<ExemplarResult> {
  const { actor } = input;
  const progress = input.carried ?? begin(input.allowance);
  progress.runs = [...(progress.runs ?? []), workflowInfo().runId];
  let control = (input.held ? 'hold' : 'go') as Control;
  /** Not taken up yet; 0: none will come. */
  let granted: number | null = null;
  setHandler(controlSignal, (order) => {
    if (control !== 'stop') control = order;
  });
  let { mode } = input;
  setHandler(modeSignal, (next) => {
    mode = next;
  });
  setHandler(grantSignal, ({ nanoUsd }) => {
    granted = granted !== null && granted > 0 && patched('grants-add-up') ? granted + nanoUsd : nanoUsd;
  });
  let recalled = false;
  setHandler(recallSignal, () => {
    recalled = true;
  });

  const steps = modelSteps<ActorActivities>(actor);
  const patientSteps = batchSteps<ActorActivities>(actor);
  const { runTool } = modelSteps<ToolActivities>(actor, { taskQueue: QUEUES.tools, startToCloseTimeout: '10 minutes' });

  /** Runs the tools that an answer asks for, each as an activity of its own. */
  async function runTools({ asking, tools }: StepTools, version: string | null, path: string): Promise<void> {
    const runs = tools.map((name, call) => runTool.executeWithOptions({ summary: `${path} ${name}` }, [{ campaign: actor.campaign, index: input.index, version, asking, call }]));
    // a tool out of reach is tried for long, and costs nothing to leave
    await Promise.race([Promise.all(runs), condition(() => control === 'stop')]);
  }

  /** Takes one step, running its tools and asking the page for money as often as it needs. */
  async function take(kind: keyof ActorActivities, thread: Thread | null, at: StepAt): Promise<StepResult> {
    let by = mode;
    /** What the step had used when it was last left. */
    let broken: BrokenStep | undefined;
    let lost: StepTools['lost'] | undefined;
    let unknown = false;
    try {
      for (;;) {
        // each promise of a workflow costs a stack trace
        if (control === 'hold') await condition(() => control !== 'hold');
        if (control === 'stop') throw new Ended(null, 'cancelled');
        if (recalled) await giveBack(broken);
        const grant = progress.allowance !== null && at.path.endsWith('t1.critique') ? written(progress) : unwritten(progress);
        const step: StepInput = {
          campaign: actor.campaign,
          index: input.index,
          try: input.try,
          log: progress.log,
          version: thread?.version ?? null,
          critique: null,
          allowance: progress.allowance,
          ...at,
          ...(by === undefined ? {} : { mode: by }),
          ...(lost === undefined || lost.calls === 0 ? {} : { lost }),
          ...(grant === null ? {} : { grant }),
        };
        let result: StepAnswer;
        try {
          result = await (by === 'batch' ? patientSteps : steps)[kind].executeWithOptions({ summary: at.path }, [step]);
        } catch (error) {
          if (failureType(error) === FAILURE.batchReleased) throw new Ended(null, 'cancelled');
          unknown = !lostNothing(error);
          throw new Ended('failed', reasonOf(error), at.path);
        }
        if ('asking' in result || 'short' in result || 'left' in result) {
          broken = result.broken;
          lost = result.lost ?? lost;
        }
        if ('left' in result) by = 'batch';
        else if ('asking' in result) {
          await runTools(result, step.version, at.path).catch((error: unknown) => {
            throw new Ended('failed', reasonOf(error), at.path);
          });
        } else if ('short' in result) await topUp(result.short, broken);
        else {
          broken = undefined;
          book(result);
          if (result.stop !== undefined) throw new Ended(result.stop.outcome, result.stop.reason, at.path);
          return result;
        }
      }
    } catch (error) {
      if (broken !== undefined) book(broken);
      if (unknown) chargeAll(progress);
      throw error;
    }
  }

  /** Adds what a step has used to the situation's account, and its record to the chain. */
  function book({ log, calls, charged, cost }: BrokenStep): void {
    progress.log = log;
    progress.calls += calls;
    progress.cost += cost;
    charge(progress, charged);
  }

  /** Asks the page until the allowance has grown, to `total` or by what there was; what is recalled meanwhile is asked for anew. */
  async function topUp(total: number, broken?: BrokenStep): Promise<void> {
    for (;;) {
      absorb();
      const nanoUsd = total - (progress.allowance as number);
      if (nanoUsd <= 0) return;
      await getExternalWorkflowHandle(input.page).signal(situationNeedSignal, { index: input.index, nanoUsd });
      await condition(() => granted !== null || control === 'stop' || recalled);
      if (control === 'stop') throw new Ended(null, 'cancelled');
      const amount = granted;
      if (amount === 0) throw new Ended('over-budget', `the next call needs ${usd(nanoUsd)} more than the budget can give`);
      if (amount !== null) {
        grantTo(progress, amount);
        granted = null;
        return;
      }
      await giveBack(broken);
    }
  }

  /** Takes up a grant that came while nobody waited for it, as one that has crossed a recall. */
  function absorb(): void {
    if (granted !== null && granted > 0 && patched('grants-add-up')) grantTo(progress, granted);
    granted = null;
  }

  /** Gives back what is not spent, in a step that was left neither: its next call asks for what it needs. */
  async function giveBack(broken?: BrokenStep): Promise<void> {
    recalled = false;
    absorb();
    const nanoUsd = takeBack(progress, broken?.charged);
    if (nanoUsd > 0) await getExternalWorkflowHandle(input.page).signal(situationReturnSignal, { index: input.index, nanoUsd });
  }

  /** Revises a thread in place. True where its plan comes back to one that the main line has had. */
  async function reviseThread(thread: Thread, round: Round, at: ReviseAt): Promise<boolean> {
    const revised = await take('revise', thread, { ...at, decide: progress.decide });
    round.revisions += 1;
    if (revised.material === true) round.material += 1;
    const plan = revised.plan as string;
    const returns = plan !== thread.plan && thread.branch === 'main' && progress.seen.includes(plan);
    if (plan !== thread.plan && thread.branch === 'main') progress.seen.push(plan);
    Object.assign(thread, { version: revised.log, plan, stance: revised.stance, promises: revised.promises ?? 0 });
    return returns;
  }

  /** Goes on from the last try's plan, where the plans of a finer campaign contradict what it promises. */
  async function takeUp(): Promise<void> {
    if (input.try === 0 || !patched('feedback')) return;
    const up = await io.takeUp({ campaign: actor.campaign, index: input.index, try: input.try });
    if (up === null) return;
    const { version, plan, stance, level, promises, selection, passes, verifications, findings, major } = up;
    const main: Thread = { branch: 'main', version, plan, stance, level, promises };
    Object.assign(progress, { main, log: up.log, passes, passesBefore: passes, verifications, seen: [plan], ...(selection === null ? {} : { selection }) });
    const name = `f${input.try}`;
    const round: Round = { pass: name, findings, major, revisions: 0, material: 0, calls: 0, nanoUsd: 0 };
    progress.rounds.push(round);
    await reviseThread(main, round, { branch: 'main', pass: passes, chapter: -1, path: `${name}.revise`, critique: up.log });
    Object.assign(round, { calls: progress.calls, nanoUsd: progress.cost });
  }

  /** One pass over the texts. Revises the thread in place and says whether anything material changed. */
  async function pass(thread: Thread, name: string, number: number): Promise<{ material: boolean; oscillated: boolean }> {
    const round: Round = { pass: name, findings: 0, major: 0, revisions: 0, material: 0, calls: 0, nanoUsd: 0 };
    progress.rounds.push(round);
    const before = { calls: progress.calls, cost: progress.cost };
    let oscillated = false;
    const revise = async (at: ReviseAt) => {
      oscillated = (await reviseThread(thread, round, at)) || oscillated;
    };
    const report = () => {
      round.calls = progress.calls - before.calls;
      round.nanoUsd = progress.cost - before.cost;
      setCurrentDetails(roundsTable(progress.rounds));
    };
    for (const chapter of chapters()) {
      const at = { branch: thread.branch, pass: number, chapter };
      const critique = await take('critique', thread, { ...at, path: `${name}.t${chapter + 1}.critique` });
      round.findings += critique.findings ?? 0;
      round.major += critique.major ?? 0;
      if ((critique.findings ?? 0) > 0) await revise({ ...at, path: `${name}.t${chapter + 1}.revise`, critique: critique.log });
      report();
    }
    const { promises = 0 } = thread;
    if (promises > 0) {
      round.findings += promises;
      await revise({ branch: thread.branch, pass: number, chapter: -1, path: `${name}.levels.revise`, critique: null });
      report();
    }
    return { material: round.material > 0, oscillated };
  }

  /** Indexes of the chapters to pass over. */
  function chapters(): number[] {
    return progress.selection === undefined ? Array.from({ length: actor.chapters }, (_, i) => i) : parseRanges(progress.selection);
  }

  /** Explains the plan anew and passes over it. Returns the branch that changed the plan, or null when it stood. */
  async function verify(main: Thread): Promise<Thread | null> {
    progress.alternatives = [];
    for (let i = 0; i < actor.alternatives; i++) {
      progress.verifications += 1;
      const name = `a${progress.verifications}`;
      const explained = await take('explain', main, { path: `${name}.explain`, branch: name, pass: progress.passes, chapter: -1 });
      const branch: Thread = { ...main, branch: name, version: explained.log };
      const { material } = await pass(branch, name, progress.passes);
      if (material && branch.plan !== main.plan) return branch;
      progress.alternatives.push(explained.log);
    }
    return null;
  }

  async function act(): Promise<Ended> {
    if (progress.main === null) await takeUp();
    if (progress.main === null) {
      const drafted = await take('draft', null, { path: 'draft', branch: 'main', pass: 0, chapter: -1 });
      const { plan, stance, level, promises } = drafted;
      progress.main = {
        branch: 'main',
        version: drafted.log,
        plan: plan as string,
        stance: stance as Stance,
        ...(level === undefined ? {} : { level }),
        ...(promises === undefined ? {} : { promises }),
      };
      progress.seen.push(progress.main.plan);
    }
    const main = progress.main;
    if (actor.routed === true && progress.selection === undefined) {
      progress.selection = (await take('select', main, { path: 'select', branch: 'main', pass: 0, chapter: -1 })).selection as string;
    }
    while (progress.passes - (progress.passesBefore ?? 0) < actor.maxPasses) {
      if (recalled) await giveBack();
      // the next run would not know of an order to stop: the next step ends this one
      if (control !== 'stop' && (workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > LONGEST_HISTORY)) {
        absorb();
        await continueAsNew<typeof exemplar>({ ...input, held: control === 'hold', ...(mode === undefined ? {} : { mode }), carried: progress });
      }
      progress.passes += 1;
      const { material, oscillated } = await pass(main, `p${progress.passes}`, progress.passes);
      if (material) {
        if (progress.decide) return new Ended('unconverged', 'oscillates: one more pass did not decide between two versions');
        progress.decide = oscillated;
        continue;
      }
      progress.decide = false;
      const changed = await verify(main);
      if (changed === null) return new Ended('converged', `stood ${progress.alternatives.length} alternative explanation(s) after ${progress.passes} passes`);
      if (progress.reopened === actor.maxReopen) return new Ended('unconverged', `verification changed the plan ${progress.reopened + 1} times`);
      progress.reopened += 1;
      Object.assign(main, { version: changed.version, plan: changed.plan, stance: changed.stance, promises: changed.promises ?? 0 });
      progress.seen.push(main.plan);
    }
    return new Ended('unconverged', `still changing after ${actor.maxPasses} passes`);
  }

  const end = await act().catch((error: unknown) => {
    if (error instanceof Ended) return error;
    throw error;
  });
  absorb();
  const result: ExemplarResult = {
    index: input.index,
    try: input.try,
    outcome: end.outcome,
    reason: end.message.slice(0, LONGEST_REASON),
    stance: progress.main?.stance ?? null,
    passes: progress.passes,
    reopened: progress.reopened,
    rounds: progress.rounds,
    calls: progress.calls,
    charged: progress.charged,
    cost: progress.cost,
    unspent: progress.allowance,
  };
  if (end.outcome === null) return { ...result, runs: progress.runs };
  await recordOutcome({
    campaign: actor.campaign,
    index: input.index,
    try: input.try,
    outcome: end.outcome,
    reason: result.reason,
    failedAt: end.failedAt,
    log: progress.log,
    final: progress.main?.version ?? null,
    stance: result.stance,
    alternatives: end.outcome === 'converged' ? progress.alternatives : [],
    passes: progress.passes,
    reopened: progress.reopened,
    calls: progress.calls,
    nanoUsd: progress.cost,
    life: { runs: progress.runs, charged: progress.charged },
  });
  upsertSearchAttributes([
    { key: SEARCH.outcome, value: end.outcome },
    { key: SEARCH.rounds, value: progress.passes },
    { key: SEARCH.cost, value: progress.cost / 1e9 },
    ...(progress.main?.level === undefined ? [] : [{ key: SEARCH.level, value: progress.main.level }]),
  ]);
  absorb();
  return { ...result, unspent: progress.allowance };
}

/** Written by the worker that holds the workflow, which spares the server an activity a situation; by a worker of its own queue where that fails. */
async function recordOutcome(outcome: OutcomeInput): Promise<void> {
  if (patched('outcome-at-hand') && (await atHand.recordOutcome(outcome).then(() => true, () => false))) return;
  await io.recordOutcome(outcome);
}

const atHand = proxyLocalActivities<OutcomeActivities>({ scheduleToCloseTimeout: '10 seconds', retry: { maximumAttempts: 1 } });

const io = proxyActivities<OutcomeActivities & FeedbackActivities>({
  taskQueue: QUEUES.io,
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});
