import { Context } from '@temporalio/activity';
import { InvalidOutput } from '../plans/invalid.ts';
import { canonicalJson } from '../schemas/canonical.ts';
import { IMAGINE_JSON_SCHEMA } from '../schemas/json-schema.ts';
import type { AskRecord} from '../schemas/imagined.ts';
import { type AskGrant, type Cell, type ImagineRequest } from '../schemas/imagined.ts';
import { askGrantKey, askKey } from '../schemas/keys.ts';
import { StepBlock, type ImagineBlock } from '../schemas/prompt.ts';
import type { StepRecord } from '../schemas/records.ts';
import type { SituationContent } from '../schemas/situation.ts';
import { ImagineOutput } from '../schemas/wire.ts';
import type { ActorPorts } from './scene.ts';
import type { StepShort } from './step-messages.ts';
import { WrongProvider } from './failures.ts';
import { cellId, gridOf } from './grid.ts';
import { lostAttempts } from './heartbeat.ts';
import { ImagineReader } from './imagine-reader.ts';
import type { ModelRequest } from './model.ts';
import { paidActivity } from './paid-activity.ts';
import { priceIn, quoteOf } from './prices.ts';
import { takeStep, type Account, type StepEnd } from './step.ts';

export interface AskInput {
  campaign: string;
  /** Object with the ImagineRequest. */
  request: string;
  cell: number;
  ask: number;
  /** Object with the Sieve that wants the ask; null for the first ones. */
  sieve: string | null;
  /** Int nano-dollars this ask may spend; null: no budget. */
  allowance: number | null;
  /** Put before the first call. */
  grant?: { n: number; nanoUsd: number };
  /** Booked as lost when the ask was last left. */
  lost?: StepRecord['lost'];
}

export interface AskResult {
  headline: string;
  /** Int nano-dollars: new spending of this run. */
  charged: number;
  calls: number;
}

/** Initial states of a cell that are shown, so that others are written. */
const MOST_OTHERS = 20;
/** The coarsest level is open-ended. */
const OPEN_ENDED = 'decades';

/** One ask of one cell of the grid: situations that the model writes, checked, and stored before anyone sees them. */
export function createImagineActivities(ports: ActorPorts) {
  const reader = new ImagineReader(ports.reader);
  return {
    imagine: (input: AskInput): Promise<AskResult | StepShort> => paidActivity(ports.outages, partOf(input.campaign), () => imagine(ports, reader, input)),
  };
}
export type ImagineActivities = ReturnType<typeof createImagineActivities>;

/** The workflow that imagines is told, not the campaign's, which has not begun. */
function partOf(campaign: string): string {
  return `${campaign}/imagine`;
}

async function imagine(ports: ActorPorts, reader: ImagineReader, input: AskInput): Promise<AskResult | StepShort> {
  const { campaign, cell: number, ask } = input;
  const { request, fingerprint } = await reader.request(input.request);
  const own = await ports.provider();
  if (own !== request.provider) throw new WrongProvider(`the situations of "${campaign}" are imagined by the model ${request.provider}, and this worker has ${own}: start it with that one`);
  const run = Context.current().info.workflowExecution?.runId ?? 'standalone';
  const known = await reader.ask(campaign, fingerprint, input);
  if (known !== null) return told(known, run);
  if (input.grant !== undefined) {
    const grant: AskGrant = { schema: 1, nanoUsd: input.grant.nanoUsd };
    await ports.store.putIfAbsent(askGrantKey(campaign, fingerprint, number, ask, run, input.grant.n), canonicalJson(grant));
  }
  const cell = gridOf(request.source, Object.keys(request.agents))[number] as Cell;
  const others = input.sieve === null ? [] : await reader.kept(campaign, fingerprint, await reader.sieve(input.sieve), number);
  const end = await takeStep(ports, account(request, input, run), {
    request: await imagineRequest(ports.reader.text.bind(ports.reader), request, cell, others),
    step: { kind: 'imagine', instructions: '' },
    situation: cellId(cell),
    tries: [0],
    sample: request.sample,
    path: `ask${ask}`,
    schema: ImagineOutput,
    read: (output) => situationsOf(output, cell, request.source.batch),
  });
  if (end.kind === 'short') return { short: end.need, ...(end.spending.lost.calls === 0 ? {} : { lost: end.spending.lost }) };
  const record = recordOf(input, run, end);
  if (!(await ports.store.putIfAbsent(askKey(campaign, fingerprint, number, ask), canonicalJson(record)))) {
    return told((await reader.ask(campaign, fingerprint, input)) as AskRecord, run);
  }
  return told(record, run);
}

function account({ campaign, provider, model, quote }: ImagineRequest, { allowance, lost: before }: AskInput, run: string): Account {
  const { attempt, lost } = lostAttempts();
  const payer = { campaign, part: partOf(campaign), run, provider, price: priceIn(quote ?? quoteOf(model)), cacheTtl: model.cacheTtl };
  return { payer, allowance, attempt, lostAttempts: lost, lost: before ?? { calls: 0, nanoUsd: 0 } };
}

/** The request of one ask: the rules of imagining, the agent, the cell with what it has already, and the step. */
export async function imagineRequest(text: (sha256: string) => Promise<string>, request: ImagineRequest, cell: Cell, others: readonly SituationContent[]): Promise<ModelRequest> {
  const { agent, horizon, ...rest } = cell;
  const imagine: ImagineBlock['imagine'] = {
    ...rest,
    horizon: horizon.join('/'),
    count: request.source.batch,
    variation: request.source.seed,
    others: others.slice(-MOST_OTHERS).map(({ initial }) => initial),
  };
  const step = StepBlock.parse({ step: { kind: 'imagine', instructions: 'Imagine the situations that "imagine" asks for.' } });
  return {
    model: request.model.name,
    maxTokens: request.model.maxOutputTokens,
    system: [{ text: await text(request.prompt), breakpoint: true }],
    turns: [{ role: 'user', blocks: [{ agent: request.agents[agent] }, { imagine }, step].map((block) => ({ text: canonicalJson(block) })) }],
    schema: IMAGINE_JSON_SCHEMA,
    structured: request.structured,
  };
}

/** The situations of an answer, at most as many as were asked for. @throws InvalidOutput naming every fault. */
export function situationsOf({ situations }: ImagineOutput, cell: Cell, most: number): SituationContent[] {
  const horizon = cell.horizon.join('/');
  const faults = situations.length === 0 ? ['situations: is empty'] : [];
  const contents = situations.slice(0, most).map((situation, i): SituationContent => {
    const [initial, target] = [situation.initial.trim(), situation.target.trim()];
    const at = `situations.${i}`;
    if (initial === '') faults.push(`${at}.initial: is empty`);
    for (const [field, asked] of Object.entries({ task: cell.task, horizon, domain: cell.domain, stakes: cell.stakes })) {
      const given = situation[field as keyof typeof situation];
      if (given !== asked) faults.push(`${at}.${field}: is "${given.slice(0, 80)}"; asked for is "${asked}"`);
    }
    if (cell.task === 'predict' && target !== '') faults.push(`${at}.target: a prediction has none: give ""`);
    if (cell.task === 'plan' && target === '' && cell.horizon.at(-1) !== OPEN_ENDED) faults.push(`${at}.target: is empty; only a plan for ${OPEN_ENDED} may be open-ended`);
    return { task: cell.task, agent: cell.agent, horizon: cell.horizon, initial, target: target === '' ? null : target, parent: null, world: null };
  });
  if (faults.length > 0) throw new InvalidOutput(faults);
  return contents;
}

function recordOf({ cell, ask }: AskInput, run: string, end: Exclude<StepEnd<SituationContent[]>, { kind: 'short' }>): AskRecord {
  if (end.kind === 'tools') throw new TypeError('the model asks for tools where none was offered');
  if (end.kind === 'left') throw new TypeError('situations are not imagined in batches');
  const { calls, lost, charged } = end.spending;
  return {
    schema: 1,
    cell,
    ask,
    run,
    situations: end.kind === 'done' ? end.value : [],
    reason: end.kind === 'done' ? '' : end.reason,
    model: end.model,
    calls,
    lost,
    charged,
    nanoUsd: calls.reduce((sum, call) => sum + (call.paid ? (call.nanoUsd ?? 0) : 0), lost.nanoUsd),
  };
}

function told({ situations, reason, run: asked, calls, charged }: AskRecord, run: string): AskResult {
  const headline = reason === '' ? `${situations.length} situations` : `no situations: ${reason}`.slice(0, 200);
  // what an earlier run spent is known from the store
  return asked === run ? { headline, charged, calls: calls.length } : { headline, charged: 0, calls: 0 };
}
