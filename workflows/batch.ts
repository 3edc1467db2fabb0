import { ActivityFailure, ApplicationFailure, condition, continueAsNew, patched, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { BatchActivities, BatchesView, DismissReason, IntentActivities, OpenBatch, Pace } from '../activities/batches.ts';
import { formatTries, LONGEST_TRIES, membersWithin, MOST_CARRIED, parseTries, triesInPieces, type Tried } from '../activities/ranges.ts';
import { batchControlSignal, batchKnowsQuery, batchProgressQuery, batchWaitSignal, QUEUES } from './messages.ts';
import { lostNothing } from './progress.ts';
import { modelSteps } from './proxies.ts';

/*
 * The calls of one campaign's situations, asked in batches.
 *
 * Begin with what S3 says that earlier runs have asked for. Gather situations that wait, until no more come or a batch is full; ask
 * for the batch; look at each open one at growing intervals; when it has ended, store its answers and wake who waits for them; gather
 * again what must be asked again. Which call a situation waits for stands on S3: here it is an index. Scattered indexes that one event
 * cannot hold are asked for in several batches, or left to S3 and to the situations, which come again by themselves. With nothing
 * left to do it ends, and the next situation that waits starts it again.
 */

export interface BatchInput {
  campaign: string;
  carried?: Carried;
}

export interface BatchResult {
  batches: number;
  requests: number;
}

interface Open extends OpenBatch {
  /** Looked at so often, and next at (ms since the epoch). */
  polls: number;
  pollAt: number;
  /** The campaign is cancelled: what comes of it is stored, and nothing asked again. */
  cancelled: boolean;
}

/** What outlives a continue-as-new; situations as text, by try. */
interface Carried {
  pace: Pace;
  patienceMs: number;
  gathering: string;
  again: string;
  open: Open[];
  /** Batches asked for by this run and those before it, and requests in them. */
  batches: number;
  requests: number;
  held: boolean;
}

const LONGEST_HISTORY = 4_000;
const POLL_GROWTH = 1.5;
const FULL = 100_000;

const io = proxyActivities<IntentActivities>({
  taskQueue: QUEUES.io,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

export async function batch({ campaign, carried }: BatchInput): Promise<BatchResult> {
  const gathering = new Tries(carried?.gathering);
  /** Told to wait again while their batch was still open: a call may have come and the next one be waiting. */
  const again = new Tries(carried?.again);
  let open: Open[] = carried?.open ?? [];
  /** Of all open batches, as far as they are known here. */
  const members = new Tries(...open.map((each) => each.members));
  let { batches, requests, held } = carried ?? { batches: 0, requests: 0, held: false };
  let stopping = false;
  let first = Date.now();
  let last = first;
  setHandler(batchWaitSignal, (waiting) => {
    if (gathering.size === 0) first = Date.now();
    last = Date.now();
    for (const tried of parseTries(waiting)) (members.has(tried) ? again : gathering).add(tried);
  });
  setHandler(batchControlSignal, (order) => {
    held = order === 'hold';
    if (order === 'stop') stopping = true;
  });
  setHandler(batchProgressQuery, () => ({ gathering: gathering.size, open: open.map(({ requests, at }) => ({ requests, at })) }));
  setHandler(batchKnowsQuery, (tried) => gathering.has(tried) || again.has(tried) || members.has(tried));

  const { pace, patienceMs } = carried ?? begin(await io.openBatches({ campaign }));
  const { submitBatch, pollBatch, collectBatch, dismiss } = modelSteps<BatchActivities>({ campaign, patienceMs });

  function begin(view: BatchesView): BatchesView {
    for (const each of view.open) admit(each, Date.now());
    return view;
  }

  /** A situation that was told to wait before its batch was known of here may wait for the call that is in it: it must not be asked for twice. */
  function admit(asked: OpenBatch, pollAt: number): void {
    open.push({ ...asked, polls: 0, pollAt, cancelled: false });
    for (const tried of parseTries(asked.members)) {
      members.add(tried);
      if (gathering.delete(tried)) again.add(tried);
    }
  }

  function gather(waiting: string): void {
    if (gathering.size === 0) first = last = Date.now();
    for (const tried of parseTries(waiting)) gathering.add(tried);
  }

  /** Ends the wait of situations whose calls will not be made; those that wait no longer are passed over. */
  async function letGo(waiting: string, error: unknown, intent?: string): Promise<void> {
    const count = intent === undefined ? `${parseTries(waiting).length} situations` : `those of ${intent.slice(0, 8)}`;
    await dismiss.executeWithOptions({ summary: count }, [{ campaign, waiting, ...(intent === undefined ? {} : { intent }), reason: error === null ? null : reasonOf(error) }]);
  }

  /** Ends the wait of all that a batch was asked for. */
  async function letGoAll(at: Open, error: unknown): Promise<void> {
    await (at.members === '' ? letGo('', error, at.intent) : letGo(at.members, error));
  }

  async function ask(): Promise<void> {
    const waiting = firstOf(gathering.text);
    for (const tried of parseTries(waiting)) gathering.delete(tried);
    const unseen = open.some((each) => each.members === '');
    try {
      const result = await submitBatch.executeWithOptions({ summary: `batch ${batches}` }, [{ campaign, n: batches, waiting, ...(unseen ? { unseen } : {}) }]);
      if (result.state === 'cancelled') return await letGo(waiting, null);
      held = result.state === 'paused';
      gather(result.left);
      if (result.batch === null) return;
      batches += 1;
      requests += result.batch.requests;
      admit(result.batch, Date.now() + pace.pollMs);
    } catch (error) {
      batches += 1;
      await letGo(waiting, error);
    }
  }

  async function look(at: Open): Promise<void> {
    const { intent, cancelled } = at;
    try {
      const { state, again: unmade = at.members } = await pollBatch.executeWithOptions({ summary: `${intent.slice(0, 8)}, ${at.requests} requests` }, [{ campaign, intent, cancel: cancelled }]);
      at.polls += 1;
      at.pollAt = Date.now() + Math.min(pace.longestPollMs, pace.pollMs * POLL_GROWTH ** at.polls);
      if (state === 'processing') return;
      const collected = state === 'void' ? { again: unmade } : await collectBatch.executeWithOptions({ summary: `${intent.slice(0, 8)}, ${at.requests} requests` }, [{ campaign, intent, release: at.cancelled }]);
      close(at);
      if (state === 'void' && at.cancelled) await letGoAll(at, null);
      else gather(collected.again);
    } catch (error) {
      close(at);
      await letGoAll(at, error);
    }
  }

  function close(at: Open): void {
    open = open.filter((each) => each !== at);
    const left = parseTries(at.members);
    for (const tried of left) members.delete(tried);
    gather(formatTries(left.filter((tried) => again.delete(tried))));
  }

  /** Calls that were not asked for never are; the batches that were end soon. */
  async function stop(): Promise<void> {
    stopping = false;
    const waiting = gathering.text;
    gathering.clear();
    for (const each of open) Object.assign(each, { cancelled: true, polls: 0, pollAt: Date.now() });
    if (waiting !== '') for (const each of inPieces(waiting)) await letGo(each, null);
  }

  /** When enough has been gathered, ms since the epoch. */
  function ready(): number {
    if (gathering.size === 0) return Infinity;
    if (held) return last + pace.longestPollMs;
    const { text } = gathering;
    return gathering.size >= FULL || firstOf(text) !== text ? 0 : Math.min(last + pace.gatherMs, first + pace.longestGatherMs);
  }

  for (;;) {
    if (stopping) await stop();
    if (workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > LONGEST_HISTORY) {
      await continueAsNew<typeof batch>({ campaign, carried: { pace, patienceMs, gathering: firstOf(gathering.text), again: firstOf(again.text), open: membersWithin(open, MOST_CARRIED), batches, requests, held } });
    }
    const now = Date.now();
    const asks = ready() <= now;
    const overdue = open.filter(({ pollAt }) => pollAt <= now);
    // looking at many batches takes longer than until the first is due again
    const inTurn = overdue.length + (asks ? 1 : 0) > 1 && patched('in-turn');
    const due = inTurn ? overdue.sort((a, b) => a.pollAt - b.pollAt)[0] : overdue[0];
    if (asks && (inTurn || due === undefined)) await ask();
    else if (due !== undefined) await look(due);
    else {
      const idle = open.length === 0 && gathering.size === 0;
      const next = idle ? now + pace.idleMs : Math.min(ready(), ...open.map(({ pollAt }) => pollAt));
      const [empty, paused] = [gathering.size === 0, held];
      const stirred = await condition(() => stopping || (empty && gathering.size > 0) || (paused && !held), Math.max(1, next - now));
      if (idle && !stirred) return { batches, requests };
    }
  }
}

function reasonOf(error: unknown): DismissReason {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return { type: (cause instanceof ApplicationFailure ? cause.type : null) ?? 'failure', message: cause instanceof Error ? cause.message : String(cause), ...(lostNothing(error) ? { unbilled: true } : {}) };
}

/** Each as long as an event may be; what is carried or told in one is bounded, and so is a batch whose situations are scattered. */
function inPieces(tries: string): [string, ...string[]] {
  if (tries.length <= LONGEST_TRIES || !patched('in-pieces')) return [tries];
  return triesInPieces(tries) as [string, ...string[]];
}

/** As many as one event may tell of. Those that a next run is not told of tell it themselves, each when its lease has ended. */
function firstOf(tries: string): string {
  return inPieces(tries)[0];
}

/** A set of situations' tries. */
class Tries {
  readonly #tries = new Map<string, Tried>();

  constructor(...texts: (string | undefined)[]) {
    for (const text of texts) for (const tried of parseTries(text ?? '')) this.add(tried);
  }

  get size(): number {
    return this.#tries.size;
  }

  get text(): string {
    return formatTries(this.#tries.values());
  }

  has(tried: Tried): boolean {
    return this.#tries.has(idOf(tried));
  }

  add(tried: Tried): void {
    this.#tries.set(idOf(tried), tried);
  }

  delete(tried: Tried): boolean {
    return this.#tries.delete(idOf(tried));
  }

  clear(): void {
    this.#tries.clear();
  }
}

function idOf({ index, try: attempt }: Tried): string {
  return `${index}.${attempt}`;
}
