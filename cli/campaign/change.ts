import { addSetting } from '../../infra/campaign-store.ts';
import type { SettingRecord } from '../../schemas/records.ts';
import { count, dollars } from '../figures.ts';
import type { Output } from '../output.ts';
import { requireCampaign } from '../datasets.ts';
import { withSession, type Session } from '../session.ts';
import type { Changes } from './changes.ts';
import { checkContinuity, tellSettings } from './launch.ts';
import { goOn } from './run-file.ts';
import { sightOf } from './sight.ts';
import { readStored, readUnfortunate } from './stored.ts';
import { viewCampaign } from './view.ts';

/** Pauses or cancels: the setting is written to S3 first, so that it holds whatever becomes of Temporal. */
export async function changeState(name: string, state: 'paused' | 'cancelled', output: Output): Promise<void> {
  await withSession(async (session) => {
    const stored = await readStored(session.reader, await requireCampaign(session.store, name));
    if (stored.complete) {
      output.result(await viewCampaign(session, name), `campaign ${name} is done: there is nothing to ${state === 'paused' ? 'pause' : 'cancel'}`);
      return;
    }
    if (stored.current.state !== state) await addSetting(session.store, name, { state });
    const told = await tellSettings(session, name);
    const what = state === 'paused' ? 'paused: calls in flight finish, no new ones are made' : 'cancelled: calls in flight finish, and what has ended is sealed';
    output.result({ ...(await viewCampaign(session, name)), told }, `campaign ${name} is ${what}; \`exemplar resume ${name}\` goes on${told ? '' : ' (its workflow does not run)'}`);
  });
}

/** Sets the state to running, starts the campaign's workflow where none runs, and follows it. Returns the exit code. */
export async function resume(name: string, output: Output, detach: boolean): Promise<number> {
  return await withSession(async (session) => {
    await requireCampaign(session.store, name);
    return await goOnRunning(session, name, output, {}, detach);
  });
}

/** Writes new concurrency or budget and tells the campaign's workflow. */
export async function changeSettings(name: string, changes: Changes, output: Output): Promise<void> {
  await withSession(async (session) => {
    await requireCampaign(session.store, name);
    await addSetting(session.store, name, changes);
    const told = await tellSettings(session, name);
    const said = [...(changes.concurrency === undefined ? [] : [`concurrency ${changes.concurrency}`]), ...(changes.budget === undefined ? [] : [`budget ${dollars(changes.budget)}`])].join(', ');
    output.result({ name, ...changes, told }, `campaign ${name}: ${said}${told ? '' : ' from its next start on: its workflow does not run'}`);
  });
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
  const { current, complete } = await readStored(session.reader, campaign);
  const idle = complete && change.retry === undefined;
  if (!idle && (await sightOf(session.client, name)).kind !== 'running') await checkContinuity(session, campaign);
  const full = { ...change, ...(current.state === 'running' ? {} : { state: 'running' as const }) };
  const changed = Object.keys(full).length > 0;
  if (changed) await addSetting(session.store, name, full);
  return await goOn(session, name, output, { detach, changed });
}
