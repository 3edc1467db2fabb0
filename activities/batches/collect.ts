import type { ApplicationFailure } from '@temporalio/common';
import type { BatchIntent } from '../../schemas/batches.ts';
import type { ResponseRecord } from '../../schemas/records.ts';
import { Slots } from '../../infra/slots.ts';
import { keep } from '../answers.ts';
import { CorruptData, toFailure } from '../failures.ts';
import type { ModelAnswer } from '../model.ts';
import { costOf } from '../pricing.ts';
import { inOneEvent } from './again.ts';
import type { Bench } from './ports.ts';
import { batchPriceOf } from './price.ts';
import type { BatchedResult } from './provider.ts';
import { answered, released, turnedDown, wake } from './wake.ts';

/** Times that the provider may fail a request before its situation fails. */
const MOST_ERRORS = 5;
const PUTS_AT_ONCE = 32;

type Call = BatchIntent['calls'][number];

export interface CollectResult {
  headline: string;
  /** Situations whose calls must be asked again, by try, as far as one event holds them. */
  again: string;
}

/** A request of a batch that the provider answered with an error, as a single call would have thrown it. */
export class BatchedError extends Error {
  override name = 'BatchedError';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/**
 * Stores every answer of an ended batch as it is read, and then wakes who waits for it. What has expired, was canceled or failed by
 * the provider's fault is asked again, or given up where `release` says that the campaign is cancelled; what can never be answered
 * fails its situation.
 */
export async function collect(bench: Bench, { intent: id, release }: { intent: string; release: boolean }): Promise<CollectResult> {
  const { intents, batches } = bench;
  const [intent, batch] = [await intents.read(id), await intents.batchOf(id)];
  if (intent === null || typeof batch !== 'string') throw new CorruptData(`intent ${id} of ${bench.campaign.name} has no batch`);
  const counts = { succeeded: 0, errored: 0, expired: 0, canceled: 0 };
  const again: Call[] = [];
  const wakes: { call: Call; failure: ApplicationFailure }[] = [];
  const seen = new Set<number>();
  const puts = new Set<Promise<unknown>>();
  const faults: unknown[] = [];
  for await (const { customId, result } of batches.results(batch)) {
    const n = Number(customId.slice(id.length + 1));
    const call = intent.calls[n];
    if (!customId.startsWith(`${id}-`) || call === undefined) throw new CorruptData(`batch ${batch} holds the request ${customId}, which is none of intent ${id}`);
    seen.add(n);
    counts[result.kind] += 1;
    while (puts.size >= PUTS_AT_ONCE) await Promise.race(puts);
    const put: Promise<unknown> = settle(call, result).catch((error: unknown) => faults.push(error)).finally(() => puts.delete(put));
    puts.add(put);
  }
  await Promise.all(puts);
  if (faults.length > 0) throw faults[0];
  if (seen.size !== intent.calls.length) throw new Error(`batch ${batch} gave ${seen.size} of ${intent.calls.length} results`);
  await intents.end({ schema: 1, intent: id, ...counts });
  const slots = new Slots(PUTS_AT_ONCE);
  await Promise.all(wakes.map(({ call, failure }) => slots.run(() => wake(bench, call, failure))));
  const headline = Object.entries(counts).filter(([, count]) => count > 0).map(([kind, count]) => `${count} ${kind}`).join(', ');
  return { headline, again: release ? '' : await inOneEvent(bench, again) };

  async function settle(call: Call, result: BatchedResult): Promise<void> {
    if (result.kind === 'succeeded') {
      await store(bench, call, batch as string, result.answer);
      wakes.push({ call, failure: answered() });
    } else if (result.kind === 'errored') await failed(call, new BatchedError(result.message, result.status));
    else askAgain(call);
  }

  async function failed(call: Call, error: BatchedError): Promise<void> {
    const failure = toFailure(error) as ApplicationFailure;
    const errors = call.errors + 1;
    if (!failure.nonRetryable && errors < MOST_ERRORS) {
      const waiting = await intents.waiting(call.index, call.try);
      if (waiting?.key === call.key) await intents.wait({ ...waiting, errors });
      return askAgain(call);
    }
    wakes.push({ call, failure: turnedDown(call, failure) });
  }

  function askAgain(call: Call): void {
    again.push(call);
    if (release) wakes.push({ call, failure: released() });
  }
}

async function store({ campaign, intents }: Bench, call: Call, batch: string, answer: ModelAnswer): Promise<void> {
  const record: ResponseRecord = {
    schema: 1,
    key: call.key,
    campaign: campaign.name,
    run: call.run,
    ...answer,
    nanoUsd: costOf(answer.usage, batchPriceOf(campaign)) ?? call.worstCase,
    requestChars: call.requestChars,
    batch,
  };
  const { wasted } = await keep(intents.store, call.key, record);
  if (wasted !== undefined) await intents.waste({ key: call.key, ...wasted });
}
