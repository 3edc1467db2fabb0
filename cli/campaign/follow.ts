import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../errors.ts';
import type { Output } from '../output.ts';
import { openProgress, type Progress } from '../progress.ts';
import type { Session } from '../session.ts';
import { startCampaign } from './launch.ts';
import { readStored } from './stored.ts';
import { observe, viewCampaign, type CampaignView } from './view.ts';

const POLL_MS = 500;
/** How long a worker may be silent before that is said. */
const SILENCE_MS = 5_000;

export interface Followed {
  view: CampaignView;
  /** The user pressed Ctrl-C: the campaign goes on. */
  detached: boolean;
}

/**
 * Shows a campaign's progress until its workflow ends. A server or worker that goes away is waited for. `changed` says that settings
 * were written that the running workflow may be too far gone to heed: then it is started once more.
 * @throws Failure where the workflow ended otherwise than by completing.
 */
export async function followCampaign(session: Session, name: string, output: Output, changed = false): Promise<Followed> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  const progress = openProgress(output);
  let again = changed;
  try {
    for (;;) {
      const began = (await session.reader.settings(name)).at(-1)?.n ?? 0;
      await untilEnded(session, name, progress, interrupt.signal);
      const view = await viewCampaign(session, name);
      progress.update(view);
      if (interrupt.signal.aborted) return { view, detached: true };
      const { complete, current, campaign } = await readStored(session.reader, await session.reader.campaign(name));
      again ||= current.n !== began;
      if (complete || !again || current.state !== 'running') return { view, detached: false };
      again = false;
      await startCampaign(session, campaign);
    }
  } finally {
    progress.stop();
    process.removeListener('SIGINT', onInterrupt);
  }
}

/** Shows progress until the workflow has completed, or the user has had enough. */
async function untilEnded(session: Session, name: string, progress: Progress, interrupt: AbortSignal): Promise<void> {
  let answered = Date.now();
  while (!interrupt.aborted) {
    const seen = await observe(session, name).catch((error: unknown) => (storeIsAway(error) ? null : raise(error)));
    if (seen !== null) {
      const { view, sight } = seen;
      const silent = sight.kind === 'running' && sight.progress === null;
      if (!silent) answered = Date.now();
      // a workflow that has just started answers a moment later
      progress.update(silent && Date.now() - answered < SILENCE_MS ? { ...view, why: '' } : view);
      if (sight.kind === 'absent') throw new Failure(`Temporal no longer knows campaign "${name}": \`exemplar resume ${name}\` goes on from S3`);
      if (sight.kind === 'ended' && sight.status !== 'COMPLETED') throw new Failure(`the workflow of campaign "${name}" ended ${sight.status}: \`exemplar resume ${name}\` goes on`);
      if (sight.kind === 'ended' || hasStopped(view)) return;
    }
    await sleep(POLL_MS, undefined, { signal: interrupt }).catch(() => undefined);
  }
}

/** By itself, with situations left to begin; those that ran have ended. */
function hasStopped({ stopped, running, waiting }: CampaignView): boolean {
  return stopped !== null && running === 0 && waiting > 0;
}

/** S3 does not answer, or says that it is in trouble: the campaign waits for it as well. */
function storeIsAway(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'StoreError') return false;
  const { status } = error as { status?: number };
  return status === undefined || status === 429 || status >= 500;
}

function raise(error: unknown): never {
  throw error;
}
