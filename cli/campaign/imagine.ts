import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { durationMs } from '../../activities/durations.ts';
import { readBudget } from '../../activities/budget.ts';
import { ImagineReader } from '../../activities/imagine-reader.ts';
import { readImagined } from '../../activities/imagined.ts';
import { checkProvider, type CampaignSource } from '../../infra/campaign-source.ts';
import { freeName } from '../../infra/campaign-records.ts';
import { saveImagineRequest } from '../../infra/imagine-request.ts';
import { identifyProvider, probeStructured } from '../../infra/provider.ts';
import { ensureSearchAttributes, startOnce } from '../../infra/temporal.ts';
import { UsageError } from '../../infra/usage-error.ts';
import type { ImaginedRecord } from '../../schemas/imagined.ts';
import { imagineProgressQuery, imagineWorkflowId, type ImagineProgress } from '../../workflows/messages.ts';
import type { ImagineInput, ImagineOutcome } from '../../workflows/imagine.ts';
import { SEARCH } from '../../workflows/search-attributes.ts';
import { Failure } from '../errors.ts';
import { closeBeside, drawBeside } from './beside.ts';
import { count, counted, dollars, usdOf } from '../figures.ts';
import type { Output } from '../output.ts';
import { openMeter, type Reading } from '../progress.ts';
import type { Session } from '../session.ts';
import { secondsSince, whyText } from './view.ts';

const POLL_MS = 500;
const ANSWER_MS = 5_000;

/**
 * The source with the situations that the model now imagines for it. Null where the user pressed Ctrl-C: the imagination goes on.
 * @throws UsageError where other situations were imagined under this name; Failure where nothing, or not enough money, came of it.
 */
export async function withImagined(session: Session, source: CampaignSource, output: Output): Promise<CampaignSource | null> {
  const { file, path } = source;
  const { situations } = file;
  if (situations.from !== 'imagine') return source;
  const provider = await identifyProvider(session.config.model);
  checkProvider(source, provider, (await readBudget(session.store)).cap !== null);
  const { structured } = await probeStructured(session.config.model, provider, file.model.name);
  const { request, fingerprint } = await saveImagineRequest(session.store, source, situations, provider, structured);
  if ((await readImagined(session.store, file.name)) === null) {
    const spender = `${file.name}/imagine`;
    const spending = async () => (await new ImagineReader(session.reader).spending(file.name)).nanoUsd;
    const spent = await spending();
    const total = await drawBeside(session.store, spender, { spent, least: spent + 1, most: file.budget === undefined ? null : Math.round(file.budget * 1e9) });
    const input: ImagineInput = { campaign: file.name, request, concurrency: file.concurrency, budget: total === null ? null : usdOf(total), patienceMs: durationMs(file.patience) };
    await start(session, input);
    const outcome = await followImagination(session, file.name, output);
    if (outcome === null) return null;
    if (total !== null) await closeBeside(session.store, spender, await spending());
    if (outcome.outcome === 'over-budget') throw new Failure(`${path}: budget: does not suffice to imagine ${counted(situations.count, 'situation')}: ${outcome.reason}; raise it and run again, what was paid for is kept`);
    if (outcome.outcome === 'nothing') throw new Failure(`no situation could be imagined${outcome.reason === '' ? '' : `: ${outcome.reason}`}; change situations (another seed asks anew)`);
  }
  const imagined = await readImagined(session.store, file.name);
  if (imagined?.fingerprint !== fingerprint) {
    throw new UsageError(`${path}: situations for "${file.name}" were imagined from other parameters; choose another name, such as ${await freeName(session.store, file.name)}`);
  }
  output.say(imaginedLine(imagined));
  const { listing } = imagined;
  return { ...source, listing: { situations: await session.reader.situations(listing), duplicates: listing.duplicates } };
}

/** What came of an imagination, for --json. */
export function imaginedFields({ listing, calls, nanoUsd, diversity }: ImaginedRecord) {
  return { situations: listing.count, calls, usd: usdOf(nanoUsd), ...diversity, coverage: diversity.filled / diversity.cells };
}

/** What came of an imagination, in a line. */
export function imaginedLine({ listing, calls, nanoUsd, diversity }: ImaginedRecord): string {
  const { cells, filled, nearDuplicates, meanDistance } = diversity;
  const distance = meanDistance === null ? '' : `, mean distance ${meanDistance.toFixed(2)}`;
  return `imagined ${counted(listing.count, 'situation')} in ${counted(calls, 'call')}, ${dollars(usdOf(nanoUsd))}: ${count(filled)} of ${counted(cells, 'cell')} filled, ${counted(nearDuplicates, 'near-duplicate')} dropped${distance}`;
}

async function start({ client }: Session, input: ImagineInput): Promise<void> {
  await ensureSearchAttributes(client);
  await startOnce(client, 'imagine', {
    workflowId: imagineWorkflowId(input.campaign),
    args: [input],
    typedSearchAttributes: [{ key: SEARCH.campaign, value: input.campaign }],
    staticSummary: `situations of campaign ${input.campaign}`,
    priority: { fairnessKey: input.campaign },
  });
}

/** Shows the progress until the workflow has ended; a server or worker that goes away is waited for. Null on Ctrl-C. */
export async function followImagination({ client }: Pick<Session, 'client'>, name: string, output: Output): Promise<ImagineOutcome | null> {
  const handle = client.workflow.getHandle(imagineWorkflowId(name));
  const quietly = <T>(ask: () => Promise<T>) => client.withDeadline(Date.now() + ANSWER_MS, ask).catch(absentOr(null));
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  const meter = openMeter(output);
  try {
    while (!interrupt.signal.aborted) {
      const seen = await quietly(() => handle.describe());
      if (seen === ABSENT) throw new Failure(`Temporal no longer knows the imagination of campaign "${name}": run again to go on`);
      if (seen?.status.name === 'COMPLETED') return (await handle.result()) as ImagineOutcome;
      if (seen !== null && seen.status.name !== 'RUNNING') throw new Failure(`the imagination of campaign "${name}" ended ${seen.status.name}${await whyOf(handle)}; run again to go on`);
      const progress = await quietly(() => handle.query(imagineProgressQuery));
      if (progress !== null && progress !== ABSENT) meter.show(reading(name, progress));
      await sleep(POLL_MS, undefined, { signal: interrupt.signal }).catch(() => undefined);
    }
    return null;
  } finally {
    meter.stop();
    process.removeListener('SIGINT', onInterrupt);
  }
}

function reading(name: string, { count: of, kept, calls, nanoUsd, nearDuplicates, waiting, waitingSince }: ImagineProgress): Reading {
  const parts = [`imagined, ${counted(nearDuplicates, 'near-duplicate')} dropped`, `${counted(calls, 'call')}, ${dollars(usdOf(nanoUsd))}`];
  const summary = (timed: boolean) => [...parts, ...(waiting === '' ? [] : [whyText({ why: waiting, waitingS: secondsSince(waitingSince) }, timed)])].join(' | ');
  return { name, done: kept, of, summary: summary(true), steady: summary(false) };
}

const ABSENT = Symbol('absent');

/** Turns a workflow that is not there into ABSENT, and a server that does not answer into `otherwise`. */
function absentOr<T>(otherwise: T): (error: unknown) => T | typeof ABSENT {
  return (error) => (error instanceof WorkflowNotFoundError ? ABSENT : otherwise);
}

async function whyOf(handle: { result(): Promise<unknown> }): Promise<string> {
  return await handle.result().then(
    () => '',
    (error: unknown) => `: ${error instanceof WorkflowFailedError ? (error.cause?.message ?? error.message) : String(error)}`,
  );
}
