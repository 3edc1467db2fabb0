import { applySettings } from '../../activities/campaign-state.ts';
import type { Config } from '../../infra/config.ts';
import { datasetPrefix } from '../../schemas/keys.ts';
import type { Stopped } from '../../schemas/records.ts';
import { emptyTally, type BatchProgress, type CampaignProgress, type PageProgress, type Tally } from '../../workflows/messages.ts';
import { count, counted, duration, percent, usdOf } from '../figures.ts';
import { printable } from '../terminal.ts';
import type { Outlook } from '../session.ts';
import { sightOf, type Sight, type Since } from './sight.ts';
import { readStored, type StoredCampaign } from './stored.ts';

/** One campaign as users see it. planned = converged + unconverged + refused + failed + overBudget + running + waiting. */
export interface CampaignView {
  name: string;
  /** `stopped`: not done, and no workflow works on it; `unknown`: Temporal does not answer. */
  state: 'running' | 'paused' | 'cancelling' | 'cancelled' | 'done' | 'stopped' | 'unknown';
  planned: number;
  duplicates: number;
  converged: number;
  unconverged: number;
  refused: number;
  failed: number;
  overBudget: number;
  running: number;
  waiting: number;
  calls: number;
  usd: number;
  /** USD; null: none. */
  budget: number | null;
  concurrency: number;
  generation: number;
  model: string;
  /** Law hash of the simulated model, or null. */
  simulated: string | null;
  /** Situations an hour since this run began; null where unknown. */
  perHour: number | null;
  etaS: number | null;
  /** Why nothing moves, or ""; one line. */
  why: string;
  /** Seconds since calls last got through; null where they do, or nothing is known. */
  waitingS: number | null;
  /** Why the campaign paused itself by `stopAfter`; null where it did not. */
  stopped: Stopped | null;
  dataset: string;
  uiUrl: string | null;
}

/** Looks at Temporal and, where no workflow answers, at S3. */
export async function observe(session: Outlook, name: string): Promise<{ view: CampaignView; sight: Sight }> {
  const { reader, client } = session;
  const [campaign, sight] = await Promise.all([reader.campaign(name), sightOf(client, name)]);
  if (sight.kind === 'running' && sight.progress !== null) {
    const { state } = sight.progress;
    const stopped = state === 'paused' ? applySettings(campaign, await reader.settings(name)).stopped : null;
    return { view: { ...fromProgress(session, name, campaign, sight.progress, sight), ...stoppedFields(name, stopped) }, sight };
  }
  return { view: fromStored(session, await readStored(reader, campaign), sight), sight };
}

export async function viewCampaign(session: Outlook, name: string): Promise<CampaignView> {
  return (await observe(session, name)).view;
}

/** How many situations have ended. */
export function endedOf(view: CampaignView): number {
  return view.converged + view.unconverged + view.refused + view.failed + view.overBudget;
}

/** Whole seconds since a moment, given in milliseconds since the epoch; null for none. */
export function secondsSince(moment: number | null | undefined): number | null {
  return moment == null ? null : Math.max(0, Math.round((Date.now() - moment) / 1_000));
}

/** Why nothing moves and how long already, as people read it; "" where it does. `timed: false` leaves out what the clock changes. */
export function whyText({ why, waitingS }: { why: string; waitingS: number | null }, timed = true): string {
  return why === '' || waitingS === null ? why : `waiting${timed ? ` for ${duration(waitingS)}` : ''}: ${why}`;
}

/** Campaign page of the Temporal UI, filtered; null where its address is unknown. */
export function uiUrlOf({ uiUrl, namespace }: Config['temporal'], name: string): string | null {
  return uiUrl === null || uiUrl === '' ? null : `${uiUrl.replace(/\/$/, '')}/namespaces/${namespace}/workflows?query=${encodeURIComponent(`ExemplarCampaign="${name}"`)}`;
}

function fromProgress(
  session: Outlook,
  name: string,
  campaign: StoredCampaign['campaign'],
  progress: CampaignProgress,
  { pages, batches, since }: { pages: PageProgress[]; batches: BatchProgress | null; since: Since | null },
): CampaignView {
  const tally = pages.reduce((sum, page) => add(sum, page.outcomes), progress.outcomes);
  const ended = Object.values(tally).reduce((a, b) => a + b, 0);
  const running = pages.reduce((sum, page) => sum + page.running, 0);
  const waiting = Math.max(0, progress.planned - ended - running);
  const hours = since === null ? 0 : (Date.now() - since.startedAt) / 3_600_000;
  const perHour = since === null || ended <= since.endedBefore ? null : (ended - since.endedBefore) / hours;
  return {
    ...common(session, name, campaign),
    state: progress.state,
    planned: progress.planned,
    duplicates: progress.duplicates,
    ...outcomeFields(tally),
    running,
    waiting,
    calls: pages.reduce((sum, page) => sum + page.calls, progress.calls),
    usd: usdOf(pages.reduce((sum, page) => sum + page.nanoUsd, progress.nanoUsd)),
    budget: progress.budget,
    concurrency: progress.concurrency,
    generation: progress.generation,
    perHour,
    etaS: perHour === null || progress.state !== 'running' ? null : ((running + waiting) / perHour) * 3_600,
    why: printable(progress.waiting === '' ? batchesLine(batches) : progress.waiting),
    waitingS: secondsSince(progress.waitingSince),
    stopped: null,
  };
}

/** What a campaign in batches waits for: `waiting: batch of 120 requests, submitted 14:05`, by the clock of whoever looks. */
export function batchesLine(batches: BatchProgress | null): string {
  if (batches === null) return '';
  const { open, gathering } = batches;
  const requests = open.reduce((sum, batch) => sum + batch.requests, 0);
  const time = new Date(Math.min(...open.map(({ at }) => at)));
  const submitted = [time.getHours(), time.getMinutes()].map((n) => String(n).padStart(2, '0')).join(':');
  if (open.length === 1) return `waiting: batch of ${counted(requests, 'request')}, submitted ${submitted}`;
  if (open.length > 1) return `waiting: ${count(open.length)} batches of ${counted(requests, 'request')} in all, first submitted ${submitted}`;
  return gathering === 0 ? '' : `gathering a batch: ${counted(gathering, 'request')} so far`;
}

function fromStored(session: Outlook, stored: StoredCampaign, sight: Sight): CampaignView {
  const { campaign, current, outcomes } = stored;
  const ended = Object.values(outcomes).reduce((a, b) => a + b, 0);
  return {
    ...common(session, campaign.name, campaign),
    ...stateOf(stored, sight),
    planned: current.listing.count,
    duplicates: current.listing.duplicates,
    ...outcomeFields(outcomes),
    running: 0,
    waiting: current.listing.count - ended,
    calls: stored.calls,
    usd: usdOf(stored.nanoUsd),
    budget: current.budget,
    concurrency: current.concurrency,
    generation: stored.manifest?.generation ?? 0,
    perHour: null,
    etaS: null,
    waitingS: null,
    stopped: null,
    ...stoppedFields(campaign.name, stored.complete ? null : current.stopped),
  };
}

/** A campaign that has stopped by itself says so, whatever else keeps it from moving. */
function stoppedFields(name: string, stopped: Stopped | null): Partial<CampaignView> {
  return stopped === null ? {} : { stopped, why: stoppedText(name, stopped), waitingS: null };
}

/** Why a campaign has stopped, and what can be done, in a line. */
export function stoppedText(name: string, { failed, ended, failedShare, reason, example }: Stopped): string {
  const share = `${count(failed)} of ${counted(ended, 'situation')} failed (${percent(failed / ended)}, allowed ${percent(failedShare)})`;
  return `stopped: ${share}: ${reason}; \`exemplar show ${name} ${example}\` shows one, \`exemplar resume ${name}\` goes on, \`exemplar retry-failed ${name}\` tries them again`;
}

function stateOf({ campaign, current, complete }: StoredCampaign, sight: Sight): Pick<CampaignView, 'state' | 'why'> {
  if (sight.kind === 'running') return { state: current.state, why: sight.silence };
  if (complete) return { state: 'done', why: '' };
  if (sight.kind === 'unreachable') return { state: 'unknown', why: `${sight.reason}; these numbers are from S3` };
  if (current.state === 'cancelled') return { state: 'cancelled', why: '' };
  const how = sight.kind === 'absent' ? 'Temporal knows no workflow of it' : `its workflow ended ${sight.status}`;
  return { state: 'stopped', why: `${how}: \`exemplar resume ${campaign.name}\` goes on` };
}

function common(session: Outlook, name: string, campaign: StoredCampaign['campaign']): Pick<CampaignView, 'name' | 'model' | 'simulated' | 'dataset' | 'uiUrl'> {
  return {
    name,
    model: campaign.file.model.name,
    simulated: campaign.simulated,
    dataset: `s3://${session.store.bucket}/${datasetPrefix(name)}`,
    uiUrl: typeof session.client === 'string' ? null : uiUrlOf(session.config.temporal, name),
  };
}

function outcomeFields({ converged, unconverged, refused, failed, 'over-budget': overBudget }: Tally): OutcomeFields {
  return { converged, unconverged, refused, failed, overBudget };
}
type OutcomeFields = Pick<CampaignView, 'converged' | 'unconverged' | 'refused' | 'failed' | 'overBudget'>;

function add(a: Tally, b: Tally): Tally {
  const sum = emptyTally();
  for (const outcome of Object.keys(sum) as (keyof Tally)[]) sum[outcome] = a[outcome] + b[outcome];
  return sum;
}
