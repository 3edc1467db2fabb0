import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchIntent } from '../../schemas/batches.ts';
import { NOTHING_LOST } from '../../schemas/failure-types.ts';
import { applySettings } from '../campaign-state.ts';
import { toFailure } from '../failures.ts';
import { Busy } from '../model.ts';
import { formatTries, LONGEST_TRIES, parseTries, type Tried } from '../ranges.ts';
import { intentId } from './custom-id.ts';
import { answeredCalls, draft, intentOf, requestsOf, type Draft } from './draft.ts';
import { postBounds } from './pace.ts';
import type { Bench } from './ports.ts';
import { answered, wake } from './wake.ts';

/** Wait after a busy provider that does not say how long, ms. */
const BUSY_MS = 15_000;

/** A batch that is being worked off, or an intent of which nobody knows yet whether it became one. */
export interface OpenBatch {
  intent: string;
  /** Its situations, by try; "" where that is long: S3 knows them. */
  members: string;
  requests: number;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface SubmitResult {
  headline: string;
  /** Nothing is sent for a campaign that is held or cancelled. */
  state: 'running' | 'paused' | 'cancelled';
  /** null: none was needed. */
  batch: OpenBatch | null;
  /** Situations that must wait for another batch, by try. */
  left: string;
}

/**
 * Asks for the nth batch of one run of the workflow. The intent is put first; an attempt that finds one put by an earlier attempt asks for nothing,
 * because the earlier one may have: what became of that is found out by looking (find.ts). `unseen`: not all that is asked for is known
 * to who asks, and S3 must say which calls are in open batches.
 */
export async function submit(bench: Bench, { run, n, waiting: all, unseen = false }: { run: string; n: number; waiting: string; unseen?: boolean }): Promise<SubmitResult> {
  const { campaign, intents } = bench;
  let waiting = all;
  let drafted: Draft | null = null;
  for (let k = 0; ; k++) {
    const id = intentId(campaign.name, run, n, k);
    const earlier = await intents.read(id);
    if (earlier !== null) {
      if ((await intents.batchOf(id)) === null) continue;
      return { headline: `found the intent ${id.slice(0, 8)} of ${earlier.calls.length} requests`, state: 'running', batch: openBatch(earlier), left: without(waiting, earlier.calls) };
    }
    const state = await stateOf(bench);
    if (state !== 'running') return { headline: `nothing sent: the campaign is ${state}`, state, batch: null, left: waiting };
    drafted ??= await draft(bench, waiting, { asked: unseen ? await intents.asked() : new Set() });
    if (drafted.calls.length === 0) return { headline: 'nothing to send: every answer has come, or is asked for', state, batch: null, left: '' };
    if (k > 0) await knock(bench);
    let intent: BatchIntent | null = intentOf(id, drafted);
    if (!(await intents.put(intent))) {
      k -= 1;
      continue;
    }
    // once the intent is there: a step that saw an answer before would not have known that another was asked for
    const known = await answeredCalls(bench, drafted);
    if (known.length > 0) {
      await intents.void(id);
      for (const call of known) await wake(bench, call, answered());
      waiting = without(waiting, known);
      drafted = null;
      continue;
    }
    while (intent !== null) {
      const busy = await post(bench, intent, drafted);
      if (busy === null) return { headline: `${intent.calls.length} requests, ${intent.bytes} bytes`, state, batch: openBatch(intent), left: drafted.left };
      intent = await held(bench, intent, busy);
    }
  }
}

function without(waiting: string, gone: readonly Tried[]): string {
  const ids = new Set(gone.map(({ index, try: attempt }) => `${index}.${attempt}`));
  return formatTries(parseTries(waiting).filter(({ index, try: attempt }) => !ids.has(`${index}.${attempt}`)));
}

/** Where it stopped itself, what runs goes on. */
async function stateOf({ campaign, reader }: Bench): Promise<SubmitResult['state']> {
  const { state, stopped } = applySettings(campaign, await reader.settings(campaign.name));
  return stopped === null ? state : 'running';
}

/**
 * Waits with an intent that the provider has not taken, so that nobody takes it for lost and it can be asked for once more. Null where
 * that failed, or nothing is to be sent any more: it is void then.
 */
async function held(bench: Bench, intent: BatchIntent, wait: number): Promise<BatchIntent | null> {
  const { beginMs, timeoutMs } = postBounds(bench.campaign, intent.bytes);
  let { at } = intent;
  for (let left = wait; ; left -= beginMs) {
    const since = await bench.intents.hold(intent.id);
    if (Date.now() > at + beginMs + timeoutMs) break;
    at = since;
    if (left <= 0) {
      if ((await stateOf(bench)) !== 'running') break;
      return { ...intent, at };
    }
    await sleep(Math.min(left, beginMs));
  }
  await bench.intents.void(intent.id);
  return null;
}

/** Returns null once the batch was asked for, else how long to wait before it may be asked for anew; ms. */
async function post({ batches, intents, campaign }: Bench, intent: BatchIntent, drafted: Draft): Promise<number | null> {
  const { beginMs, timeoutMs } = postBounds(campaign, intent.bytes);
  if (Date.now() > intent.at + beginMs) return 0;
  const { cacheTtl } = campaign.file.model;
  // an hour outlasts most batches, five minutes do not
  const requests = requestsOf(intent.id, drafted, cacheTtl === 'auto' ? '1h' : cacheTtl);
  let id: string;
  try {
    ({ id } = await batches.create(requests, { idempotencyKey: intent.id, timeoutMs }));
  } catch (error) {
    if (error instanceof Busy) return error.retryAfterMs ?? BUSY_MS;
    if (isRefusal(error)) await intents.void(intent.id);
    throw refusedOr(error);
  }
  const first = await untilDone(() => intents.record(intent.id, id));
  // others have given this request up for lost
  if (first !== id) await batches.cancel(id);
  return null;
}

/** Where the provider has refused before, it is asked for something that needs no intent first: with a wrong key, each attempt would leave one. */
async function knock({ batches }: Bench): Promise<void> {
  try {
    await batches.list()[Symbol.asyncIterator]().next();
  } catch (error) {
    throw refusedOr(error);
  }
}

/** A refusal says that nothing is lost: earlier intents of the batch are void too. */
function refusedOr(error: unknown): unknown {
  return isRefusal(error) ? toFailure(error, [NOTHING_LOST]) : error;
}

/** The provider says itself that it has made no batch. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status >= 400 && error.status < 500 && error.status !== 408;
}

/** What is paid for must not be lost to a store that is away. */
async function untilDone<T>(work: () => Promise<T>): Promise<T> {
  for (let wait = 100; ; wait = Math.min(2 * wait, 30_000)) {
    try {
      return await work();
    } catch {
      await sleep(wait);
    }
  }
}

export function openBatch({ id, calls, at }: BatchIntent): OpenBatch {
  const members = formatTries(calls);
  return { intent: id, members: members.length > LONGEST_TRIES ? '' : members, requests: calls.length, at };
}
