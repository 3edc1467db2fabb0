import { readImagined } from '../../activities/imagined.ts';
import { readCampaign } from '../../infra/campaign-records.ts';
import type { S3Store } from '../../infra/store-s3.ts';
import { imagineAllPrefix } from '../../schemas/keys.ts';
import { count, counted, dollars, usdOf } from '../figures.ts';
import type { Output } from '../output.ts';
import type { Outlook } from '../session.ts';
import { NO_ANSWER } from './polling.ts';
import { imagineSightOf, type ImagineSight } from './sight.ts';
import { secondsSince, uiUrlOf, whyText } from './view.ts';

/** A campaign that has not begun, because its situations are being imagined first. */
export interface ImaginingView {
  name: string;
  /** `imagined`: they are all there; `stopped`: not all are, and no workflow works on it; `unknown`: Temporal does not answer. */
  state: 'imagining' | 'imagined' | 'stopped' | 'unknown';
  /** Situations wanted; this and what follows is null where no workflow answers. */
  planned: number | null;
  /** Situations kept so far. */
  kept: number | null;
  nearDuplicates: number | null;
  calls: number | null;
  usd: number | null;
  /** Why nothing moves, or ""; one line. */
  why: string;
  /** Seconds since calls last got through; null where they do, or nothing is known. */
  waitingS: number | null;
  uiUrl: string | null;
}

/**
 * Prints how far the imagination of a campaign's situations has come; with `watch`, once it has ended. False where there is none, or
 * the campaign has begun.
 */
export async function showImagination(outlook: Outlook, name: string, output: Output, watch: boolean): Promise<boolean> {
  const { client, store } = outlook;
  const begun = async () => (await readCampaign(store, name)) !== null;
  if (await begun()) return false;
  let view = await viewImagination(outlook, name);
  if (watch && view?.state === 'imagining' && typeof client !== 'string') {
    const { followImagination } = await import('./imagine.ts');
    await followImagination({ client }, name, output);
    if (await begun()) return false;
    view = await viewImagination(outlook, name);
  }
  if (view === null) return false;
  output.result(view, imaginationText(view));
  return true;
}

/** Looks at Temporal, and at S3 for what it no longer knows; null where nothing was ever imagined under this name. */
export async function viewImagination({ config, client, store }: Outlook, name: string): Promise<ImaginingView | null> {
  const sight = await imagineSightOf(client, name);
  const uiUrl = typeof client === 'string' ? null : uiUrlOf(config.temporal, name);
  const unseen = { name, planned: null, kept: null, nearDuplicates: null, calls: null, usd: null, waitingS: null, uiUrl };
  if (sight.kind !== 'running') {
    const imagined = (await readImagined(store, name)) !== null;
    return imagined || (await hasAsks(store, name)) ? { ...unseen, ...endedState(sight, imagined) } : null;
  }
  if (sight.progress === null) return { ...unseen, state: 'imagining', why: NO_ANSWER };
  const { count: planned, kept, nearDuplicates, calls, nanoUsd, waiting, waitingSince } = sight.progress;
  return { name, state: 'imagining', planned, kept, nearDuplicates, calls, usd: usdOf(nanoUsd), why: waiting, waitingS: secondsSince(waitingSince), uiUrl };
}

function endedState(sight: Exclude<ImagineSight, { kind: 'running' }>, imagined: boolean): Pick<ImaginingView, 'state' | 'why'> {
  if (imagined) return { state: 'imagined', why: '`exemplar run FILE` begins the campaign' };
  if (sight.kind === 'unreachable') return { state: 'unknown', why: sight.reason };
  const how = sight.kind === 'absent' ? 'Temporal knows no workflow of it' : `its workflow ended ${sight.status}`;
  return { state: 'stopped', why: `${how}: \`exemplar run FILE\` goes on` };
}

async function hasAsks(store: S3Store, name: string): Promise<boolean> {
  for await (const _ of store.list(imagineAllPrefix(name))) return true;
  return false;
}

const STATES: Record<ImaginingView['state'], string> = {
  imagining: 'its situations are being imagined',
  imagined: 'its situations have been imagined',
  stopped: 'the imagination of its situations has stopped',
  unknown: 'its situations were being imagined',
};

function imaginationText({ name, state, planned, kept, nearDuplicates, calls, usd, why, waitingS, uiUrl }: ImaginingView): string {
  return [
    `campaign ${name}: ${STATES[state]}${why === '' ? '' : ` (${whyText({ why, waitingS })})`}`,
    ...(planned === null ? [] : [`  ${count(kept ?? 0)} of ${counted(planned, 'situation')}, ${counted(nearDuplicates ?? 0, 'near-duplicate')} dropped`, `${counted(calls ?? 0, 'call')}, ${dollars(usd ?? 0)}`]),
    ...(uiUrl === null ? [] : [`Temporal UI  ${uiUrl}`]),
  ].join('\n');
}
