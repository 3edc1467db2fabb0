import { ApplicationFailure } from '@temporalio/common';
import type { z } from 'zod';
import { InvalidOutput } from '../plans/invalid.ts';
import type { Mode } from '../schemas/campaign.ts';
import type { ResponseRecord, StepRecord, ToolRecord } from '../schemas/records.ts';
import { answerKey, askModel, knownAnswer, type Answer, type AnswerPorts, type Payer } from './answers.ts';
import type { Waiter } from './batches/desk.ts';
import { isAsked, isLeft, leaveWithBatch, withWaste } from './batches/leave.ts';
import { toFailure } from './failures.ts';
import type { ModelRequest } from './model.ts';
import { reservationOf } from './pricing.ts';
import { LAST_TOOL_TURN, MOST_TOOL_CALLS, refusedTools, repairRequest, toolTurn, type StepMaterial } from './requests.ts';
import { knownToolAnswer, toolAnswerKey, toolRefusal } from './tool-answers.ts';
import { Unanswered } from './unanswered.ts';

/** Tries after the first, each quoting the faults of the one before. */
const REPAIRS = 2;

export interface StepQuestion<Output, Value> {
  request: ModelRequest;
  step: StepMaterial;
  situation: string;
  /** Tries whose answers may be used, newest first; a new answer is stored under the first. */
  tries: number[];
  sample: number;
  /** Step path without tool turn and repair, such as `p2.t3.critique`. */
  path: string;
  schema: z.ZodType<Output>;
  /** Turns a well-formed answer into what the step is for; throws InvalidOutput naming every fault. */
  read: (output: Output) => Value;
  /** Tokens of the chapter block, where the provider has counted them. */
  chapterTokens?: number | undefined;
}

/** What one attempt of the activity may spend and knows of earlier attempts. */
export interface Account {
  payer: Payer;
  /** Int nano-dollars left to this situation; null: no budget. */
  allowance: number | null;
  attempt: number;
  /** Earlier attempts that may have paid for an answer nobody stored. */
  lostAttempts: number;
  /** Booked as lost in the step's earlier tool turns. */
  lost: StepRecord['lost'];
  /** Set in campaigns that ask, or have asked, in batches: whether this step does. */
  batches?: { waiter: Waiter; mode: Mode };
}

export interface Spending {
  calls: StepRecord['calls'];
  tools: StepRecord['tools'];
  lost: StepRecord['lost'];
  /** Of `lost`: what the store does not say, to be told to the step where it is taken again. */
  unsaid: StepRecord['lost'];
  /** New spending of this run, lost calls at worst case included; int nano-dollars. */
  charged: number;
}

export type StepEnd<Value> =
  | { kind: 'done'; value: Value; requestChars: number; outputChars: number; model: string; spending: Spending }
  /** `failed`: an answer was paid for, and the call after it turned down for good. */
  | { kind: 'refused' | 'invalid' | 'failed'; reason: string; model: string; spending: Spending }
  /** The answer at `asking` wants tools that have not answered yet: run them, then take the step again. */
  | { kind: 'tools'; asking: ResponseRecord; model: string; spending: Spending }
  /** The next call was left with a batch by a run before this one: take the step again, in batch mode. */
  | { kind: 'left'; model: string; spending: Spending }
  /** The next call does not fit the allowance: nothing was sent that could break it. `need` is what all calls so far and the next reserve. */
  | { kind: 'short'; need: number; model: string; spending: Spending };

/**
 * Asks, hands on what tools answer, checks and repairs until the answer is good, refused, or beyond repair.
 * @throws CompleteAsyncError where the next call was left with a batch.
 */
export async function takeStep<Output, Value>(ports: AnswerPorts, account: Account, question: StepQuestion<Output, Value>): Promise<StepEnd<Value>> {
  const { payer, batches } = account;
  const spending: Spending = { calls: [], tools: [], lost: account.lost, unsaid: account.lost, charged: account.lost.nanoUsd };
  let lostBefore = account.lostAttempts;
  const lose = (calls: number, nanoUsd: number, said = false) => {
    spending.lost = { calls: spending.lost.calls + calls, nanoUsd: spending.lost.nanoUsd + nanoUsd };
    if (!said) spending.unsaid = { calls: spending.unsaid.calls + calls, nanoUsd: spending.unsaid.nanoUsd + nanoUsd };
    spending.charged += nanoUsd;
  };
  /** The most that the next call can cost; null where the price is unknown. */
  const reserved = () => (payer.price === null ? null : reservationOf(request, payer.price, payer.cacheTtl, question.chapterTokens));
  /** An answer of this run lay in the store: the attempt that put it there has lost nothing. */
  let stored = false;
  /** Where every answer is there, earlier attempts but the one that stored the last may each have lost one. */
  const bookUnseen = () => {
    const unseen = Math.max(0, lostBefore - (stored ? 1 : 0));
    lostBefore = 0;
    if (unseen > 0) lose(unseen, unseen * (reserved() ?? 0));
  };
  // what every repair is put to: the question, and what tools have answered
  let base = question.request;
  let request = base;
  let faults: string[] = [];
  let model = request.model;
  for (let turn = 0, repair = 0; repair <= REPAIRS; ) {
    const path = `${question.path}.k${turn}.r${repair}`;
    const keys = question.tries.map((number) => answerKey(payer.provider, request, { situation: question.situation, try: number, sample: question.sample, path }));
    const key = keys[0] as string;
    let record = await firstKnown(ports, keys);
    if (record !== null) {
      stored ||= record.run === payer.run;
      if (batches?.mode === 'batch' && record.run !== payer.run) record = await withWaste(ports, batches.waiter, payer.run, record, { key, request, worstCase: reserved() });
    } else {
      const worstCase = reserved();
      const reservation = worstCase ?? 0;
      if (lostBefore > 0) {
        // the first answer missing from the store is the one that earlier attempts may have lost
        lose(lostBefore, lostBefore * reservation);
        lostBefore = 0;
      }
      if (batches?.mode === 'interactive' && (await isLeft(ports, batches.waiter, key))) return { kind: 'left', model, spending };
      const need = spending.charged + reservation;
      if (account.allowance !== null && need > account.allowance) {
        if (batches?.mode === 'batch' && (await isAsked(ports, batches.waiter, key))) await leaveWithBatch(ports, batches.waiter, { key, request, worstCase, unfunded: true });
        return { kind: 'short', need, model, spending };
      }
      if (batches?.mode === 'batch') await leaveWithBatch(ports, batches.waiter, { key, request, worstCase });
      const asked = await askModel(ports, key, request, payer, worstCase).catch((error: unknown) => turnedDown(error, spending));
      if (asked instanceof ApplicationFailure) return { kind: 'failed', reason: `${asked.type ?? 'failure'}: ${asked.message}`, model, spending };
      record = asked;
    }
    model = record.model;
    spending.calls.push({
      response: record.key,
      attempt: account.attempt,
      paid: record.campaign === payer.campaign && record.key === key,
      usage: record.usage,
      nanoUsd: record.nanoUsd,
      ...(record.batch === undefined ? {} : { batched: true }),
    });
    if (record.run === payer.run) spending.charged += record.nanoUsd ?? 0;
    if (record.wasted?.run === payer.run) lose(1, record.wasted.nanoUsd, batches?.mode === 'batch');
    if (record.stop === 'refused') {
      bookUnseen();
      return { kind: 'refused', reason: `the provider refused (${record.stopReason})`, model, spending };
    }
    if (record.stop === 'tools' && turn < LAST_TOOL_TURN) {
      const answers = await toolAnswers(ports, record, request);
      if (answers === null) {
        bookUnseen();
        return { kind: 'tools', asking: record, model, spending };
      }
      spending.tools.push(...answers.flatMap(({ key: at, record: { tool, headline, error } }) => (at === null ? [] : [{ name: tool, headline, error, record: at }])));
      turn += 1;
      base = toolTurn(base, record, answers.map((answer) => answer.record), turn);
      request = base;
      continue;
    }
    const read = readRecord(question, record, request);
    if (!Array.isArray(read)) {
      bookUnseen();
      return { kind: 'done', value: read.value, requestChars: record.requestChars, outputChars: record.text.length, model, spending };
    }
    faults = read;
    repair += 1;
    if (record.stop === 'tools') base = refusedTools(base, record);
    request = record.stop === 'tools' ? base : repairRequest(base, record.text, question.step, faults);
  }
  bookUnseen();
  return { kind: 'invalid', reason: `invalid output after ${REPAIRS} repairs: ${faults.join('; ')}`.slice(0, 300), model, spending };
}

/** A call turned down for good ends a step that has paid for others, so that those are booked. @throws whatever else became of it. */
function turnedDown(error: unknown, { calls }: Spending): ApplicationFailure {
  if (calls.length === 0 || error instanceof Unanswered) throw error;
  // mapped here, it does not say that nothing is lost
  const failure = toFailure(error);
  if (failure instanceof ApplicationFailure && failure.nonRetryable === true) return failure;
  throw failure;
}

async function firstKnown(ports: AnswerPorts, keys: string[]): Promise<Answer | null> {
  for (const key of keys) {
    const record = await knownAnswer(ports, key);
    if (record !== null) return record;
  }
  return null;
}

interface Answered {
  /** null: the tool was not run. */
  key: string | null;
  record: ToolRecord;
}

/** What the tools asked for have answered, and what is said of those beyond the bound; null where one has not answered yet. */
async function toolAnswers(ports: AnswerPorts, asking: ResponseRecord, { tools = [] }: ModelRequest): Promise<Answered[] | null> {
  const answers = await Promise.all(
    asking.toolCalls.map(async ({ name, input }, n) => {
      if (n >= MOST_TOOL_CALLS) return { key: null, record: toolRefusal(name, input, `at most ${MOST_TOOL_CALLS} tools may be called at once`) };
      const key = toolAnswerKey(asking, n, tools);
      return { key, record: await knownToolAnswer(ports.store, key) };
    }),
  );
  return answers.every((answer): answer is Answered => answer.record !== null) ? answers : null;
}

/** The value, or the list of faults that a repair must mend. */
function readRecord<Output, Value>(question: StepQuestion<Output, Value>, record: ResponseRecord, request: ModelRequest): { value: Value } | string[] {
  if (record.stop === 'tools') return ['asks for more tools than it may'];
  if (record.stop === 'truncated') return [`the answer was cut off at ${request.maxTokens} tokens: be shorter`];
  return readAnswer(question, record.text);
}

function readAnswer<Output, Value>(question: StepQuestion<Output, Value>, text: string): { value: Value } | string[] {
  let json: unknown;
  try {
    json = JSON.parse(jsonIn(text));
  } catch (error) {
    return [`not JSON: ${String(error)}`.slice(0, 200)];
  }
  const parsed = question.schema.safeParse(json);
  if (!parsed.success) return parsed.error.issues.slice(0, 10).map((issue) => `${issue.path.join('.') || 'answer'}: ${issue.message}`);
  try {
    return { value: question.read(parsed.data) };
  } catch (error) {
    if (error instanceof InvalidOutput) return error.faults.slice(0, 10);
    throw error;
  }
}

/** Models without structured output wrap their JSON in words or a fence. */
function jsonIn(text: string): string {
  const start = text.indexOf('{');
  const end = text.lastIndexOf('}');
  return start >= 0 && end > start ? text.slice(start, end + 1) : text;
}
