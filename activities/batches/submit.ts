import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchIntent } from '../../schemas/batches.ts';
import { NOTHING_LOST } from '../../schemas/failure-types.ts';
import { applySettings } from '../campaign-state.ts';
import { toFailure } from '../failures.ts';
import { Busy } from '../model.ts';
import { formatTries, parseTries } from '../ranges.ts';
import { intentId } from './custom-id.ts';
import { draft, intentOf, requestsOf, type Draft } from './draft.ts';
import { postBounds } from './pace.ts';
import type { Bench } from './ports.ts';

/** Wait after a busy provider that does not say how long, ms. */
const BUSY_MS = 15_000;

/** A batch that is being worked off, or an intent of which nobody knows yet whether it became one. */
export interface OpenBatch {
  intent: string;
  /** Its situations, by try. */
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
 * because the earlier one may have: what became of that is found out by looking (find.ts).
 */
export async function submit(bench: Bench, { run, n, waiting }: { run: string; n: number; waiting: string }): Promise<SubmitResult> {
  const { campaign, reader, intents } = bench;
  let drafted: Draft | null = null;
  for (let k = 0; ; k++) {
    const id = intentId(campaign.name, run, n, k);
    const earlier = await intents.read(id);
    if (earlier !== null) {
      if ((await intents.batchOf(id)) === null) continue;
      const inIt = new Set(earlier.calls.map(({ index, try: attempt }) => `${index}.${attempt}`));
      const left = parseTries(waiting).filter(({ index, try: attempt }) => !inIt.has(`${index}.${attempt}`));
      return { headline: `found the intent ${id.slice(0, 8)} of ${earlier.calls.length} requests`, state: 'running', batch: openBatch(earlier), left: formatTries(left) };
    }
    const { state, stopped } = applySettings(campaign, await reader.settings(campaign.name));
    // where it stopped itself, what runs goes on
    if (state !== 'running' && stopped === null) return { headline: `nothing sent: the campaign is ${state}`, state, batch: null, left: waiting };
    drafted ??= await draft(bench, waiting);
    if (drafted.calls.length === 0) return { headline: 'nothing to send: every answer has come', state, batch: null, left: '' };
    const intent = intentOf(id, drafted);
    if (!(await intents.put(intent))) {
      k -= 1;
      continue;
    }
    const busy = await post(bench, intent, drafted);
    if (busy === null) return { headline: `${intent.calls.length} requests, ${intent.bytes} bytes`, state, batch: openBatch(intent), left: drafted.left };
    await sleep(busy);
  }
}

/** Returns null once the batch was asked for, else how long to wait before another intent may ask; ms. */
async function post({ batches, intents, campaign }: Bench, intent: BatchIntent, drafted: Draft): Promise<number | null> {
  const { beginMs, timeoutMs } = postBounds(campaign, intent.bytes);
  const { cacheTtl } = campaign.file.model;
  // an hour outlasts most batches, five minutes do not
  const requests = requestsOf(intent.id, drafted, cacheTtl === 'auto' ? '1h' : cacheTtl);
  if (Date.now() > intent.at + beginMs) return await voided(0);
  let id: string;
  try {
    ({ id } = await batches.create(requests, { idempotencyKey: intent.id, timeoutMs }));
  } catch (error) {
    if (error instanceof Busy) return await voided(error.retryAfterMs ?? BUSY_MS);
    if (!isRefusal(error)) throw error;
    await voided(0);
    // earlier intents of this batch are void too
    throw toFailure(error, [NOTHING_LOST]);
  }
  const first = await untilDone(() => intents.record(intent.id, id));
  // others have given this request up for lost
  if (first !== id) await batches.cancel(id);
  return null;

  async function voided(wait: number): Promise<number> {
    await intents.record(intent.id, null);
    return wait;
  }
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
  return { intent: id, members: formatTries(calls), requests: calls.length, at };
}
