import type { z } from 'zod';
import { InvalidOutput } from '../plans/invalid.ts';
import type { ResponseRecord, StepRecord } from '../schemas/records.ts';
import { answerKey, askModel, knownAnswer, type AnswerPorts, type Payer } from './answers.ts';
import type { ModelRequest } from './model.ts';
import { reservationOf } from './pricing.ts';
import { repairRequest, type StepMaterial } from './requests.ts';

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
}

/** What one attempt of the activity may spend and knows of earlier attempts. */
export interface Account {
  payer: Payer;
  /** Int nano-dollars left to this situation; null: no budget. */
  allowance: number | null;
  attempt: number;
  /** Earlier attempts that may have paid for an answer nobody stored. */
  lostAttempts: number;
}

type Calls = StepRecord['calls'];

export interface Spending {
  calls: Calls;
  lost: StepRecord['lost'];
  /** New spending of this run, lost calls at worst case included; int nano-dollars. */
  charged: number;
}

export type StepEnd<Value> =
  | { kind: 'done'; value: Value; requestChars: number; outputChars: number; model: string; spending: Spending }
  | { kind: 'refused' | 'invalid'; reason: string; model: string; spending: Spending }
  /** The next call does not fit the allowance: nothing was sent that could break it. `need` is what all calls so far and the next reserve. */
  | { kind: 'short'; need: number };

/** Asks, checks and repairs until the answer is good, refused, or beyond repair. */
export async function takeStep<Output, Value>(ports: AnswerPorts, account: Account, question: StepQuestion<Output, Value>): Promise<StepEnd<Value>> {
  const { payer } = account;
  const spending: Spending = { calls: [], lost: { calls: 0, nanoUsd: 0 }, charged: 0 };
  let request = question.request;
  let faults: string[] = [];
  let model = request.model;
  for (let repair = 0; repair <= REPAIRS; repair++) {
    const path = `${question.path}.k0.r${repair}`;
    const keys = question.tries.map((number) => answerKey(payer.provider, request, { situation: question.situation, try: number, sample: question.sample, path }));
    const key = keys[0] as string;
    let record = await firstKnown(ports, keys);
    if (record === null) {
      const reservation = payer.price === null ? 0 : reservationOf(request, payer.price);
      if (spending.lost.calls < account.lostAttempts) {
        // the first answer missing from the store is the one that earlier attempts may have lost
        spending.lost = { calls: account.lostAttempts, nanoUsd: account.lostAttempts * reservation };
        spending.charged += spending.lost.nanoUsd;
      }
      const need = spending.charged + reservation;
      if (account.allowance !== null && need > account.allowance) return { kind: 'short', need };
      record = await askModel(ports, key, request, payer);
    }
    model = record.model;
    spending.calls.push({
      response: record.key,
      attempt: account.attempt,
      paid: record.campaign === payer.campaign && record.key === key,
      usage: record.usage,
      nanoUsd: record.nanoUsd,
    });
    if (record.run === payer.run) spending.charged += record.nanoUsd ?? (payer.price === null ? 0 : reservationOf(request, payer.price));
    if (record.stop === 'refused') return { kind: 'refused', reason: `the provider refused (${record.stopReason})`, model, spending };
    const read = record.stop === 'truncated' ? [`the answer was cut off at ${request.maxTokens} tokens: be shorter`] : readAnswer(question, record.text);
    if (!Array.isArray(read)) {
      return { kind: 'done', value: read.value, requestChars: record.requestChars, outputChars: record.text.length, model, spending };
    }
    faults = read;
    request = repairRequest(question.request, record.text, question.step, faults);
  }
  return { kind: 'invalid', reason: `invalid output after ${REPAIRS} repairs: ${faults.join('; ')}`.slice(0, 300), model, spending };
}

async function firstKnown(ports: AnswerPorts, keys: string[]): Promise<ResponseRecord | null> {
  for (const key of keys) {
    const record = await knownAnswer(ports, key);
    if (record !== null) return record;
  }
  return null;
}

/** The value, or the list of faults that a repair must mend. */
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
