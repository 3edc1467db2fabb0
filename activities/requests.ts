import type { z } from 'zod';
import { canonicalJson, canonicalObject, lastingJson, sha256Hex } from '../schemas/canonical.ts';
import { DRAFT_JSON_SCHEMA, IMAGINE_JSON_SCHEMA, SELECT_JSON_SCHEMA, STEP_JSON_SCHEMA } from '../schemas/json-schema.ts';
import type { AgentSpec } from '../schemas/agent.ts';
import type { ChapterRef } from '../schemas/library.ts';
import type { Explanation, Plan } from '../schemas/plan.ts';
import { StepBlock, type StepKind } from '../schemas/prompt.ts';
import type { CampaignRecord, ResponseRecord, ToolCall, ToolRecord } from '../schemas/records.ts';
import type { Situation, SituationContent } from '../schemas/situation.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { chapterBlock, contentsOf } from './contents.ts';
import type { ModelRequest, PromptBlock, PromptTurn, TextBlock, ToolResultBlock } from './model.ts';
import { nameOnShelf, shelfOf } from './shelves.ts';

export type StepMaterial = z.input<typeof StepBlock>['step'];

export interface PromptParts {
  campaign: CampaignRecord;
  situation: Situation;
  chapter: ChapterRef | null;
  plan: Plan | null;
  explanation: Explanation | null;
  step: Omit<StepMaterial, 'instructions'>;
}

const SCHEMAS: Record<StepKind, Record<string, unknown>> = {
  draft: DRAFT_JSON_SCHEMA,
  select: SELECT_JSON_SCHEMA,
  critique: STEP_JSON_SCHEMA,
  revise: STEP_JSON_SCHEMA,
  explain: STEP_JSON_SCHEMA,
  imagine: IMAGINE_JSON_SCHEMA,
};

/**
 * One request, in the order that the provider's cache wants: [rules][chapter, breakpoint][agent][situation, plan, explanation,
 * step]; short chapters stand together, and the step names the one that is meant. Critique and revise share one answer schema and one list of tools, so they share the prefix.
 */
export async function buildRequest(reader: CampaignReader, parts: PromptParts): Promise<ModelRequest> {
  const { campaign, situation, chapter, plan, explanation, step } = parts;
  const prompt = async (name: string) => await reader.text(campaign.prompts[name] as string);
  const instructions = (await prompt(step.kind)) + (step.decide === true ? `\n${await prompt('decide')}` : '');
  const system = await prefixOf(reader, campaign, step.kind, chapter);
  const blocks = [
    lastingBlock('agent', campaign.agents[situation.agent] as AgentSpec),
    lastingBlock('situation', situation, contentOf),
    ...(plan === null ? [] : [lastingBlock('plan', plan)]),
    ...(explanation === null ? [] : [lastingBlock('explanation', explanation)]),
    canonicalJson(StepBlock.parse({ step: { ...step, chapter: nameOnShelf(campaign.chapters, chapter), instructions } })),
  ];
  return {
    model: campaign.file.model.name,
    maxTokens: campaign.file.model.maxOutputTokens,
    system,
    turns: [{ role: 'user', blocks: blocks.map((text) => ({ text })) }],
    schema: SCHEMAS[step.kind],
    structured: campaign.structured,
    ...(TOOL_STEPS.has(step.kind) && campaign.tools.length > 0 ? { tools: campaign.tools } : {}),
  };
}

const prefixes = new WeakMap<CampaignRecord, Map<string, TextBlock[]>>();

/** Rules and chapters, made once for a campaign: they are most of a request, and thousands share them. */
async function prefixOf(reader: CampaignReader, campaign: CampaignRecord, kind: StepKind, chapter: ChapterRef | null): Promise<TextBlock[]> {
  const own = prefixes.get(campaign) ?? new Map<string, TextBlock[]>();
  prefixes.set(campaign, own);
  const name = canonicalJson([kind === 'select', chapter?.textbook ?? null, chapter?.chapter ?? null, chapter?.sha256 ?? null]);
  const known = own.get(name);
  if (known !== undefined) return known;
  const shelf = chapter === null ? [] : shelfOf(campaign.chapters, chapter);
  const material = kind === 'select' ? [canonicalJson({ contents: contentsOf(campaign.chapters) })] : await Promise.all(shelf.map(async (each) => chapterBlock(each, await reader.text(each.sha256))));
  const rules = await reader.text(campaign.prompts['rules'] as string);
  const system = [rules, ...material].map((text, i): TextBlock => ({ text, ...(i === material.length ? { breakpoint: true } : {}) }));
  own.set(name, system);
  return system;
}

const blockTexts = new WeakMap<object, string>();

/** A block of something that never changes: its text is made once. `as`: what of it is shown. */
function lastingBlock<T extends object>(name: string, value: T, as: (value: T) => object = (whole) => whole): string {
  let text = blockTexts.get(value);
  if (text === undefined) blockTexts.set(value, (text = canonicalJson({ [name]: as(value) })));
  return text;
}

/** Steps in which the model may call tools. */
const TOOL_STEPS: ReadonlySet<StepKind> = new Set(['critique', 'revise']);
/** Calls of one answer that are run. */
export const MOST_TOOL_CALLS = 8;
/** Turns of tool calls in one step. */
export const LAST_TOOL_TURN = 3;

/** The request with the tools asked for and what they answered. */
export function toolTurn(request: ModelRequest, asking: ResponseRecord, answers: ToolRecord[], turn: number): ModelRequest {
  const results = answers.map(({ text, error }, n): ToolResultBlock => ({ answers: (asking.toolCalls[n] as ToolCall).id, text: canonicalJson({ toolAnswer: text }), error }));
  const last: TextBlock[] = turn === LAST_TOOL_TURN ? [{ text: 'These were the last tools that you may call in this step: give your answer now.' }] : [];
  return withTurns(request, asking, [...results, ...last]);
}

/** The request with tools asked for beyond what is allowed. */
export function refusedTools(request: ModelRequest, asking: ResponseRecord): ModelRequest {
  const text = 'No more tools may be called in this step: give your answer now.';
  return withTurns(request, asking, asking.toolCalls.map(({ id }) => ({ answers: id, text, error: true })));
}

function withTurns(request: ModelRequest, asking: ResponseRecord, reply: PromptBlock[]): ModelRequest {
  // the Messages API refuses empty text
  const said: PromptBlock[] = asking.text === '' ? [] : [{ text: asking.text }];
  const turns: PromptTurn[] = [
    { role: 'assistant', blocks: [...said, ...asking.toolCalls.map((call) => ({ call }))] },
    { role: 'user', blocks: reply },
  ];
  return { ...request, turns: [...request.turns, ...turns] };
}

/** The request with the faulty answer and what was wrong with it, for another try. */
export function repairRequest(request: ModelRequest, answer: string, step: StepMaterial, faults: string[]): ModelRequest {
  const instructions = 'Your last answer cannot be used. Mend every fault listed in "faults" and give the whole answer again.';
  const repair: PromptTurn[] = [
    { role: 'assistant', blocks: [{ text: answer === '' ? '{}' : answer }] },
    { role: 'user', blocks: [{ text: canonicalJson(StepBlock.parse({ step: { ...step, instructions, faults } })) }] },
  ];
  return { ...request, turns: [...request.turns, ...repair] };
}

/** Hash that keys the response store: of the canonical JSON of provider and request. */
export function bodyHash(provider: string, request: ModelRequest): string {
  const { schema, system, tools, ...rest } = request;
  // what requests share is written out once
  const shared = { schema, system, ...(tools === undefined ? {} : { tools }) };
  const parts = [...Object.entries(rest).map(([name, value]) => [name, canonicalJson(value)]), ...Object.entries(shared).map(([name, value]) => [name, lastingJson(value)])];
  return sha256Hex(canonicalObject({ provider: canonicalJson(provider), request: canonicalObject(Object.fromEntries(parts) as Record<string, string>) }));
}

/** What a situation says, without its place in a campaign. */
export function contentOf(situation: Situation): SituationContent {
  const { id: _id, index: _index, root: _root, ...content } = situation;
  return content;
}
