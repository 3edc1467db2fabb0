import { close } from '../../activities/budget.ts';
import { addSetting } from '../../infra/campaign-records.ts';
import { ensureSearchAttributes } from '../../infra/temporal.ts';
import type { CampaignRecord, FailureCount, SettingRecord } from '../../schemas/records.ts';
import { failureCount } from '../../workflows/messages.ts';
import { count, dollars, percent } from '../figures.ts';
import type { Output } from '../output.ts';
import { requireCampaign } from '../datasets.ts';
import { withSession, type Session } from '../session.ts';
import type { Changes } from './changes.ts';
import { holdOf } from './cap.ts';
import { checkContinuity, endOrphans, tellSettings } from './launch.ts';
import { goOn } from './run-file.ts';
import { sightOf } from './sight.ts';
import { readStored, readUnfortunate, type StoredCampaign } from './stored.ts';
import { viewCampaign } from './view.ts';

/** Pauses or cancels: the setting is written to S3 first, so that it holds whatever becomes of Temporal. */
export async function changeState(session: Session, name: string, state: 'paused' | 'cancelled', output: Output): Promise<void> {
  const campaign = await requireCampaign(session.store, name);
  const { complete, current } = await readStored(session.reader, campaign);
  if (!complete && current.state !== state) await addSetting(session.store, name, { state });
  const told = !complete && (await tellSettings(session, name));
  if (state === 'cancelled' && !told) await leaveCap(session, campaign);
  const view = await viewCampaign(session, name);
  if (complete) output.result(view, `campaign ${name} is done: there is nothing to ${state === 'paused' ? 'pause' : 'cancel'}`);
  else output.result({ ...view, told }, `campaign ${name} is ${state}${told ? `: ${whatFollows(state, current)}` : ', and its workflow does not run'}; \`exemplar resume ${name}\` goes on`);
}

/** Frees what a campaign holds of the cap and has not spent, where it has no workflow that would. */
async function leaveCap(session: Session, campaign: CampaignRecord): Promise<void> {
  await ensureSearchAttributes(session.client);
  const ended = await endOrphans(session, campaign.name, 'its campaign is cancelled');
  if (ended) await close(session.store, campaign.name, (await holdOf(session.reader, campaign.name)).nanoUsd);
}

/** What a running workflow does. One that has stopped itself by `stopAfter` is paused already, and situations that run go on. */
function whatFollows(state: 'paused' | 'cancelled', { stopped }: StoredCampaign['current']): string {
  if (state === 'cancelled') return 'calls in flight finish, and what has ended is sealed';
  return stopped === null ? 'calls in flight finish, no new ones are made' : 'it has stopped itself, situations that run go on, and no further ones begin';
}

/** Sets the state to running, starts the campaign's workflow where none runs, and follows it. Returns the exit code. */
export async function resume(name: string, output: Output, detach: boolean): Promise<number> {
  return await withSession(async (session) => {
    await requireCampaign(session.store, name);
    return await goOnRunning(session, name, output, {}, detach);
  });
}

/** Writes new concurrency, budget, stopAfter or mode and tells the campaign's workflow. */
export async function changeSettings(name: string, changes: Changes, output: Output): Promise<void> {
  await withSession(async (session) => {
    await requireCampaign(session.store, name);
    await addSetting(session.store, name, changes);
    const told = await tellSettings(session, name);
    const said = changesText(changes);
    output.result({ name, ...changes, told }, `campaign ${name}: ${said}${told ? '' : ' from its next start on: its workflow does not run'}`);
  });
}

function changesText({ concurrency, budget, stopAfter, mode }: Changes): string {
  return [
    ...(concurrency === undefined ? [] : [`concurrency ${concurrency}`]),
    ...(budget === undefined ? [] : [`budget ${dollars(budget)}`]),
    ...(stopAfter === undefined ? [] : [stopAfter === null ? 'it runs to its end, however many situations fail' : `it stops once more than ${percent(stopAfter.failedShare)} of ${count(stopAfter.minSample)} situations or more have failed`]),
    ...(mode === undefined ? [] : [`mode ${mode} for steps begun from now on`]),
  ].join(', ');
}

/** Tries failed and over-budget situations once more. Returns the exit code. */
export async function retryFailed(name: string, output: Output, detach: boolean): Promise<number> {
  return await withSession(async (session) => {
    const stored = await readStored(session.reader, await requireCampaign(session.store, name));
    const unfortunate = await readUnfortunate(session.reader, stored);
    if (unfortunate.length === 0) {
      output.result({ ...(await viewCampaign(session, name)), retried: 0 }, `campaign ${name}: nothing to retry`);
      return 0;
    }
    output.say(`trying ${count(unfortunate.length)} situation${unfortunate.length === 1 ? '' : 's'} once more`);
    const retry = Object.fromEntries(unfortunate.map((record) => [String(record.index), record.try + 1]));
    return await goOnRunning(session, name, output, { retry }, detach);
  });
}

export async function goOnRunning(session: Session, name: string, output: Output, change: Pick<SettingRecord, 'retry' | 'feedback'>, detach: boolean): Promise<number> {
  const campaign = await session.reader.campaign(name);
  const stored = await readStored(session.reader, campaign);
  const { current, complete } = stored;
  const idle = complete && change.retry === undefined;
  if (!idle && (await sightOf(session.client, name)).kind !== 'running') await checkContinuity(session, campaign);
  const countFrom = await countAnew(session, stored, Object.keys(change.retry ?? {}));
  const full = { ...change, ...(current.state === 'running' ? {} : { state: 'running' as const }), ...(countFrom === null ? {} : { countFrom }) };
  const changed = Object.keys(full).length > 0;
  if (changed) await addSetting(session.store, name, full);
  return await goOn(session, name, output, { detach, changed });
}

/**
 * What had ended before a stopped campaign was let go on, situations that are tried again left out: it counts towards `stopAfter` no
 * more. Null where the count goes on as it is.
 */
async function countAnew({ reader }: Session, stored: StoredCampaign, retried: readonly string[]): Promise<FailureCount | null> {
  const { stopped, countFrom } = stored.current;
  if (stopped === null && (retried.length === 0 || countFrom.ended === 0)) return null;
  const { failed, ended } = failureCount(stored.outcomes);
  const failures = new Set((await readUnfortunate(reader, stored)).filter(({ outcome }) => outcome === 'failed').map(({ index }) => String(index)));
  return { failed: failed - retried.filter((index) => failures.has(index)).length, ended: ended - retried.length };
}
