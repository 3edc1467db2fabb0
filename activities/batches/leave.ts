import { CompleteAsyncError, Context } from '@temporalio/activity';
import { canonicalJson, sha256Hex } from '../../schemas/canonical.ts';
import { objectKey } from '../../schemas/keys.ts';
import { requestChars, type Answer } from '../answers.ts';
import type { ModelRequest } from '../model.ts';
import type { ObjectStore } from '../store.ts';
import type { BatchDesk, Waiter } from './desk.ts';
import { Intents } from './intents.ts';

export interface LeavingPorts {
  store: ObjectStore;
  desk?: BatchDesk;
}

/** A call whose answer will be stored under `key`; `worstCase` in int nano-dollars. */
export interface AskedCall {
  key: string;
  request: ModelRequest;
  worstCase: number | null;
  /** An earlier run has paid for it: where its batch does not answer, it is not asked again. */
  unfunded?: true;
}

/** True where the situation has left this very call with a batch: nobody else may ask it. */
export async function isLeft({ store }: LeavingPorts, { campaign, index, try: attempt }: Waiter, key: string): Promise<boolean> {
  return (await new Intents(store, campaign).waiting(index, attempt))?.key === key;
}

/** True where a batch that is out was asked for this call: its answer is paid for, whoever reads it. */
export async function isAsked(ports: LeavingPorts, waiter: Waiter, key: string): Promise<boolean> {
  return (await isLeft(ports, waiter, key)) && (await new Intents(ports.store, waiter.campaign).holds(key));
}

/**
 * Another's answer, with what the run has paid in a batch for one of its own: nobody knows that while the batch is out, and the step
 * goes on waiting for it.
 * @throws CompleteAsyncError then.
 */
export async function withWaste(ports: LeavingPorts, waiter: Waiter, run: string, answer: Answer, call: AskedCall): Promise<Answer> {
  const intents = new Intents(ports.store, waiter.campaign);
  // a call is in one batch of its campaign at a time
  const first = answer.campaign !== waiter.campaign || answer.batch === undefined;
  const waiting = first ? await intents.waiting(waiter.index, waiter.try) : null;
  if (waiting?.key === call.key && waiting.run === run && (await intents.holds(call.key, run))) return await leaveWithBatch(ports, waiter, call);
  const wasted = await intents.wasted(run, call.key);
  return wasted === null ? answer : { ...answer, wasted };
}

/**
 * Leaves a call with the campaign's batches, and the activity open without a slot of its worker: it is woken by a retryable failure
 * once the answer is stored. Unwoken for the length of its heartbeat timeout, its next attempt comes here again and makes sure that
 * the call is still known of.
 * @throws CompleteAsyncError, always.
 */
export async function leaveWithBatch({ store, desk }: LeavingPorts, waiter: Waiter, { key, request, worstCase, unfunded }: AskedCall): Promise<never> {
  if (desk === undefined) throw new Error('this worker knows of no batches');
  const { activityId: activity, workflowExecution } = Context.current().info;
  const run = workflowExecution?.runId ?? '';
  const intents = new Intents(store, waiter.campaign);
  const last = await intents.waiting(waiter.index, waiter.try);
  const same = last?.key === key && last.run === run && last.activity === activity;
  if (!same) {
    const text = canonicalJson(request);
    const sha256 = sha256Hex(text);
    await store.putIfAbsent(objectKey(sha256), text);
    const errors = last?.key === key ? last.errors : 0;
    await intents.wait({ schema: 1, index: waiter.index, try: waiter.try, key, request: sha256, requestChars: requestChars(request), worstCase, run, activity, errors, ...(unfunded === undefined ? {} : { unfunded }) });
  }
  if (!same || !(await desk.knows(waiter))) await desk.register(waiter);
  throw new CompleteAsyncError();
}
