import type { CampaignReader } from '../../activities/campaign-reader.ts';
import type { ModelRequest } from '../../activities/model.ts';
import { bodyHash, buildRequest, type PromptParts } from '../../activities/requests.ts';
import { loadSteps, type Step } from '../../activities/shards/versions.ts';
import { knownToolAnswer, toolAnswerKey } from '../../activities/tool-answers.ts';
import { messageParams } from '../../infra/model-anthropic.ts';
import { UsageError } from '../../infra/usage-error.ts';
import type { Explanation } from '../../schemas/plan.ts';
import { ResponseRecord, type CampaignRecord, type StepRecord, type ToolRecord, type Version } from '../../schemas/records.ts';
import type { Shown } from './situation.ts';

/** What a step asked and what came back. */
export interface Exchange {
  step: string;
  /** Body of the first request; repairs add the faulty answer and its faults. */
  request: object;
  /** The request's hash is the one that the answer is stored under: it is the request, byte for byte. */
  exact: boolean;
  /** In order: what follows tools and repairs stands after the first. */
  answers: Answer[];
}

/** An answer of the model with what each tool that it asks for answered, in the order of its `toolCalls`; null for one that was not run. */
export interface Answer extends ResponseRecord {
  toolAnswers: (ToolRecord | null)[];
}

/** Rebuilds a step's request from the campaign's frozen parts and reads its stored answers. @throws UsageError for an unknown step, or one that asked nothing. */
export async function readExchange(reader: CampaignReader, campaign: CampaignRecord, { situation, outcome }: Shown, path: string | null): Promise<Exchange> {
  if (outcome === null) throw new UsageError(`SITUATION: situation ${situation.index} has not ended: its steps are listed once it has`);
  const steps = await loadSteps(reader, outcome);
  const at = path === null ? steps.length - 1 : steps.findIndex(({ record }) => record.path === path);
  const step = steps[at];
  if (step === undefined) throw new UsageError(`--raw: no step "${path ?? ''}"; known: ${steps.map(({ record }) => record.path).join(', ') || 'none'}`);
  if (step.record.calls.length === 0) throw new UsageError(`--raw: step "${step.record.path}" made no model call (${step.record.headline}); steps that did: ${asking(steps)}`);
  const answers = await Promise.all(step.record.calls.map(({ response }) => readAnswer(reader, campaign, step.record, response)));
  const candidates = await Promise.all(partsOf(steps, at, campaign, situation).map((parts) => buildRequest(reader, parts)));
  const key = step.record.calls[0]?.response ?? '';
  const exact = candidates.find((request) => key.includes(bodyHash(campaign.provider, request)));
  return { step: step.record.path, request: messageParams(exact ?? (candidates[0] as ModelRequest)), exact: exact !== undefined, answers };
}

export function exchangeText({ step, request, exact, answers }: Exchange): string {
  const parts = answers.flatMap((answer, i) => [
    `--- answer ${i + 1} of ${answers.length} (${answer.stopReason}) at ${answer.key}`,
    ...(answer.text === '' ? [] : [pretty(answer.text)]),
    ...answer.toolCalls.flatMap((call, n) => [`--- it calls ${call.name}`, JSON.stringify(call.input ?? null, null, 2), ...toolText(call.name, answer.toolAnswers[n] ?? null)]),
  ]);
  return [`--- request of ${step}${exact ? '' : ' (rebuilt; its hash is not that of the stored answer)'}`, JSON.stringify(request, null, 2), ...parts].join('\n');
}

function toolText(name: string, answer: ToolRecord | null): string[] {
  if (answer === null) return [`--- ${name} was not run`];
  return [`--- ${name} ${answer.error ? 'fails' : 'answers'}`, pretty(answer.text)];
}

function asking(steps: Step[]): string {
  return steps.flatMap(({ record }) => (record.calls.length === 0 ? [] : [record.path])).join(', ') || 'none';
}

/** The step's material; a revision may or may not have been asked to decide an oscillation, which only the hash tells. */
function partsOf(steps: Step[], at: number, campaign: CampaignRecord, situation: Shown['situation']): PromptParts[] {
  const { record } = steps[at] as Step;
  const chapter = campaign.chapters.find((each) => each.textbook === record.textbook && each.chapter === record.chapter) ?? null;
  const version = versionWorkedOn(steps, at);
  const common = { campaign, situation, chapter, plan: version?.plan ?? null, explanation: version?.explanation ?? null };
  switch (record.kind) {
    case 'draft':
      return [{ ...common, plan: null, explanation: null, step: { kind: 'draft' } }];
    case 'select':
      return [{ ...common, explanation: null, step: { kind: 'select' } }];
    case 'critique':
      return [{ ...common, step: { kind: 'critique' } }];
    case 'explain':
      return [{ ...common, explanation: null, step: { kind: 'explain', avoid: explanationsBefore(steps, at) } }];
    case 'revise': {
      const { findings } = record;
      return [false, true].map((decide) => ({ ...common, step: { kind: 'revise' as const, findings, decide } }));
    }
  }
}

/** The explanations that a version had when it was explained anew: its own, and those given anew before. */
function explanationsBefore(steps: Step[], at: number): Explanation[] {
  const from = steps[at]?.record.version?.from;
  const given = steps.slice(0, at).filter(({ sha256, record }) => sha256 === from || (record.kind === 'explain' && record.version?.from === from));
  return given.flatMap(({ record }) => (record.version === null ? [] : [record.version.explanation]));
}

/** A step that made a version says from which; any other worked on the newest one. */
function versionWorkedOn(steps: Step[], at: number): Version | null {
  const from = steps[at]?.record.version?.from;
  const before = steps.slice(0, at);
  const step = typeof from === 'string' ? before.find(({ sha256 }) => sha256 === from) : before.findLast(({ record }) => record.version !== null);
  return step?.record.version ?? null;
}

async function readAnswer(reader: CampaignReader, { tools: offers }: CampaignRecord, { tools }: StepRecord, key: string): Promise<Answer> {
  const bytes = await reader.store.get(key);
  if (bytes === null) throw new Error(`answer ${key} is missing from ${reader.store.describe()}`);
  const answer = ResponseRecord.parse(JSON.parse(new TextDecoder().decode(bytes)));
  const keys = answer.toolCalls.map((_, n) => toolAnswerKey(answer, n, offers));
  // calls beyond those that a step may make are refused without a record
  const toolAnswers = keys.map(async (at) => (tools.some(({ record }) => record === at) ? await knownToolAnswer(reader.store, at) : null));
  return { ...answer, toolAnswers: await Promise.all(toolAnswers) };
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
