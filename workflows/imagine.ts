import { ActivityFailure, ApplicationFailure, condition, continueAsNew, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { StepShort } from '../activities/step-messages.ts';
import type { ImaginationActivities } from '../activities/imagination.ts';
import type { AskResult, ImagineActivities } from '../activities/imagine.ts';
import { parseRanges } from '../activities/ranges.ts';
import { imagineProgressQuery, QUEUES, waitingSignal, type ImagineProgress } from './messages.ts';
import { modelSteps } from './proxies.ts';
import { Treasury } from './treasury.ts';

/*
 * The situations of one campaign, before it begins.
 *
 * Cells of a grid are visited in turn; each visit keeps one situation that resembles none kept before. The sieve says which cells must
 * be asked for more to go on; those asks run side by side, one activity a model call, and the sieve goes on with what they brought.
 * Every ask reserves what it may cost. The last act writes the listing. Answers lie on S3: a run started anew asks nothing twice.
 */

export interface ImagineInput {
  campaign: string;
  /** Object with the ImagineRequest. */
  request: string;
  /** Asks under way at once. */
  concurrency: number;
  /** USD; null: none. */
  budget: number | null;
  patienceMs: number;
  carried?: Carried;
}

export interface ImagineOutcome {
  outcome: 'imagined' | 'nothing' | 'over-budget';
  reason: string;
  /** Situations listed. */
  count: number;
}

/** What outlives a continue-as-new. Money in int nano-dollars. */
interface Carried {
  sieve: string | null;
  count: number;
  kept: number;
  nearDuplicates: number;
  calls: number;
  nanoUsd: number;
  /** null: no budget. */
  free: number | null;
  reserve: number;
}

interface Ask {
  cell: number;
  ask: number;
}

const LONGEST_HISTORY = 4_000;

const io = proxyActivities<ImaginationActivities>({
  taskQueue: QUEUES.io,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

export async function imagine(input: ImagineInput): Promise<ImagineOutcome> {
  const { campaign, request, concurrency, budget } = input;
  let waiting = '';
  let waitingSince: number | null = null;
  setHandler(waitingSignal, (reason) => {
    waiting = reason;
    waitingSince = reason === '' ? null : (waitingSince ?? Date.now());
  });
  const state = input.carried ?? begin(await io.openImagination({ campaign, request }), budget);
  setHandler(imagineProgressQuery, (): ImagineProgress => {
    const { count, kept, nearDuplicates, calls, nanoUsd } = state;
    return { count, kept, nearDuplicates, calls, nanoUsd, waiting, waitingSince };
  });

  const steps = modelSteps<ImagineActivities>({ campaign, patienceMs: input.patienceMs });

  const treasury = new Treasury(state.free);
  /** Answers to asks for money, by holder. */
  const granted = new Map<number, number>();
  let holders = 0;
  /** Why no further ask is sent. */
  let halt: ImagineOutcome | Error | null = null;

  function shareOut(): void {
    for (let grant = treasury.grant(); grant !== null; grant = treasury.grant()) granted.set(grant.holder, grant.amount);
    const denied = treasury.deny();
    if (denied !== null) granted.set(denied, 0);
  }

  /** 0: there is no more. */
  async function claim(holder: number, nanoUsd: number): Promise<number> {
    treasury.need(holder, nanoUsd);
    shareOut();
    await condition(() => granted.has(holder));
    const amount = granted.get(holder) as number;
    granted.delete(holder);
    if (amount === 0) halt ??= { outcome: 'over-budget', count: 0, reason: `the next call may cost $${(nanoUsd / 1e9).toFixed(4)} more than is left of the budget` };
    return amount;
  }

  async function answer({ cell, ask }: Ask): Promise<void> {
    const holder = holders++;
    let held = 0;
    let need = state.reserve;
    for (let grants = 0; halt === null; grants++) {
      const nanoUsd = budget === null ? 0 : await claim(holder, need - held);
      held += nanoUsd;
      // nothing was granted, or meanwhile another ask has ended all
      if (halt !== null) break;
      const money = budget === null ? { allowance: null } : { allowance: held, grant: { n: grants, nanoUsd } };
      const result: AskResult | StepShort | Error = await steps.imagine
        .executeWithOptions({ summary: `cell ${cell}, ask ${ask}` }, [{ campaign, request, cell, ask, sieve: state.sieve, ...money }])
        .catch((error: unknown) => new Error(reasonOf(error)));
      if (result instanceof Error) {
        halt ??= result;
        break;
      }
      if (!('short' in result)) {
        held -= result.charged;
        state.calls += result.calls;
        state.nanoUsd += result.charged;
        break;
      }
      need = result.short;
    }
    treasury.leave(holder, held);
    shareOut();
  }

  for (;;) {
    const { sieve, kept, nearDuplicates, wanted } = await io.sift({ campaign, request, sieve: state.sieve });
    Object.assign(state, { sieve, kept, nearDuplicates });
    const asks = parseAsks(wanted);
    if (asks.length === 0) break;
    const line = async () => {
      for (let next = asks.shift(); next !== undefined && halt === null; next = asks.shift()) await answer(next);
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, asks.length) }, line));
    const halted = halt as ImagineOutcome | Error | null;
    if (halted instanceof Error) throw ApplicationFailure.nonRetryable(halted.message);
    if (halted !== null) return halted;
    if (workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > LONGEST_HISTORY) {
      await continueAsNew<typeof imagine>({ ...input, carried: { ...state, free: treasury.free } });
    }
  }
  const { count, reason } = await io.settleImagination({ campaign, request, sieve: state.sieve as string });
  return { outcome: count === 0 ? 'nothing' : 'imagined', count, reason };
}

function begin({ count, spent, reserve }: { count: number; spent: number; reserve: number }, budget: number | null): Carried {
  const free = budget === null ? null : Math.round(budget * 1e9) - spent;
  return { sieve: null, count, kept: 0, nearDuplicates: 0, calls: 0, nanoUsd: spent, free, reserve };
}

/** Reads `0:0-15,17;1:16`: cells by ask. */
function parseAsks(text: string): Ask[] {
  if (text === '') return [];
  return text.split(';').flatMap((group) => {
    const [ask, cells] = group.split(':') as [string, string];
    return parseRanges(cells).map((cell) => ({ cell, ask: Number(ask) }));
  });
}

function reasonOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) return `${cause.type ?? 'failure'}: ${cause.message}`;
  return cause instanceof Error ? cause.message : String(cause);
}
