import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { BatchIntent } from '../schemas/batches.ts';
import { inOneEvent } from './batches/again.ts';
import { collect, type CollectResult } from './batches/collect.ts';
import { whatBecame } from './batches/find.ts';
import { Intents } from './batches/intents.ts';
import { paceOf, postBounds, type Pace } from './batches/pace.ts';
import type { BatchPorts, Bench } from './batches/ports.ts';
import { openBatch, submit, type OpenBatch, type SubmitResult } from './batches/submit.ts';
import { released, turnedDown, wakeAll } from './batches/wake.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { durationMs } from './durations.ts';
import { CorruptData, toFailure } from './failures.ts';
import { beating } from './heartbeat.ts';
import { ownCampaign } from './own-campaign.ts';
import { formatTries, membersWithin, MOST_CARRIED } from './ranges.ts';

export type { CollectResult, OpenBatch, Pace, SubmitResult };

export interface PollResult {
  headline: string;
  /** `void`: there is no such batch, and there will be none. */
  state: 'processing' | 'ended' | 'void';
  /** Of a void one that is not canceled: situations whose calls must be asked again, by try. Absent in histories of earlier versions. */
  again?: string;
}

export interface BatchesView {
  pace: Pace;
  patienceMs: number;
  /** Batches that an earlier run has asked for, or may have. */
  open: OpenBatch[];
}

/** Why calls of a batch will not be answered. `unbilled`: the provider has turned the whole batch down, and billed nothing. */
export interface DismissReason {
  type: string;
  message: string;
  unbilled?: true;
}

/** What a campaign's batch workflow must know of S3 when it begins. */
export function createIntentActivities({ reader }: { reader: CampaignReader }) {
  return {
    async openBatches(input: { campaign: string }): Promise<BatchesView> {
      try {
        const campaign = await reader.campaign(input.campaign);
        const open = await beating({ settled: 0 }, () => new Intents(reader.store, campaign.name).open());
        return { pace: paceOf(campaign), patienceMs: durationMs(campaign.file.patience), open: membersWithin(open.map(openBatch), MOST_CARRIED) };
      } catch (error) {
        throw toFailure(error);
      }
    },
  };
}
export type IntentActivities = ReturnType<typeof createIntentActivities>;

/** The dealings with the provider's batches. */
export function createBatchActivities(ports: BatchPorts) {
  const at = <T>(name: string, work: (bench: Bench) => Promise<T>): Promise<T> => ports.outages.watch(name, () => beating({ settled: 0 }, async () => work(await bench(ports, name))));
  return {
    submitBatch: ({ campaign, ...input }: { campaign: string; n: number; waiting: string; unseen?: boolean }): Promise<SubmitResult> => at(campaign, (bench) => submit(bench, { run: Context.current().info.workflowExecution?.runId ?? '', ...input })),

    /** Looks once; `cancel` has the provider give up what it has not begun. */
    pollBatch: ({ campaign, intent, cancel }: { campaign: string; intent: string; cancel: boolean }): Promise<PollResult> => at(campaign, (bench) => poll(bench, intent, cancel)),

    collectBatch: ({ campaign, ...input }: { campaign: string; intent: string; release: boolean }): Promise<CollectResult> => at(campaign, (bench) => collect(bench, input)),

    /** Lets situations go whose calls will not be made: without an outcome, or failed for a reason. `intent`: all those of its batch. */
    dismiss: ({ campaign, waiting, intent, reason }: { campaign: string; waiting: string; intent?: string; reason: DismissReason | null }): Promise<void> =>
      at(campaign, async (bench) => wakeAll(bench, intent === undefined ? waiting : formatTries((await readIntent(bench, intent)).calls), (call) => (reason === null ? released() : reason.unbilled === true ? turnedDown(call, reason) : ApplicationFailure.nonRetryable(reason.message, reason.type)))),
  };
}
export type BatchActivities = ReturnType<typeof createBatchActivities>;

async function bench(ports: BatchPorts, name: string): Promise<Bench> {
  return { ...ports, campaign: await ownCampaign(ports, name), intents: new Intents(ports.reader.store, name) };
}

async function readIntent({ intents, campaign }: Bench, id: string): Promise<BatchIntent> {
  const intent = await intents.read(id);
  if (intent === null) throw new CorruptData(`campaign "${campaign.name}" has no intent ${id}`);
  return intent;
}

async function poll(bench: Bench, id: string, cancel: boolean): Promise<PollResult> {
  const { batches, intents, campaign } = bench;
  const intent = await readIntent(bench, id);
  const became = await whatBecame(batches, intents, intent, postBounds(campaign, intent.bytes).lostAfterMs);
  if (became === 'unknown') return { headline: 'not known yet whether it was asked for', state: 'processing' };
  if (became === 'void') {
    await intents.end({ schema: 1, intent: id, succeeded: 0, errored: 0, expired: 0, canceled: 0 });
    return { headline: 'it was never asked for, or is no longer kept', state: 'void', ...(cancel ? {} : { again: await inOneEvent(bench, intent.calls) }) };
  }
  if (became.ended) return { headline: `${became.id} has ended`, state: 'ended' };
  if (cancel) await batches.cancel(became.id);
  return { headline: `${became.id} ${cancel ? 'is being canceled' : 'is being worked off'}`, state: 'processing' };
}
