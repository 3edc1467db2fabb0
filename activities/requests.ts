import type { z } from 'zod';
import { canonicalJson, contentHash } from '../schemas/canonical.ts';
import { DRAFT_JSON_SCHEMA, STEP_JSON_SCHEMA } from '../schemas/json-schema.ts';
import type { ChapterRef } from '../schemas/library.ts';
import type { Explanation, Plan } from '../schemas/plan.ts';
import { StepBlock } from '../schemas/prompt.ts';
import type { CampaignRecord } from '../schemas/records.ts';
import type { SituationContent} from '../schemas/situation.ts';
import { type Situation } from '../schemas/situation.ts';
import type { CampaignReader } from './campaign-reader.ts';
import type { ModelRequest, PromptBlock, PromptTurn } from './model.ts';

export type StepMaterial = z.input<typeof StepBlock>['step'];

export interface PromptParts {
  campaign: CampaignRecord;
  situation: Situation;
  chapter: ChapterRef | null;
  plan: Plan | null;
  explanation: Explanation | null;
  step: Omit<StepMaterial, 'instructions'>;
}

/**
 * One request, in the order that the provider's cache wants: [rules][chapter, breakpoint][agent][situation, plan, explanation,
 * step]. Critique, revise and explain share one answer schema, so they share the prefix.
 */
export async function buildRequest(reader: CampaignReader, parts: PromptParts): Promise<ModelRequest> {
  const { campaign, situation, chapter, plan, explanation, step } = parts;
  const prompt = async (name: string) => await reader.text(campaign.prompts[name] as string);
  const instructions = (await prompt(step.kind)) + (step.decide === true ? `\n${await prompt('decide')}` : '');
  const system: PromptBlock[] = [{ text: await prompt('rules'), breakpoint: chapter === null }];
  if (chapter !== null) {
    const text = await reader.text(chapter.sha256);
    system.push({
      text: canonicalJson({ chapter: { textbook: chapter.textbook, title: chapter.title, name: chapter.chapter, text } }),
      breakpoint: true,
    });
  }
  const blocks = [
    { agent: campaign.agents[situation.agent] },
    { situation: contentOf(situation) },
    ...(plan === null ? [] : [{ plan }]),
    ...(explanation === null ? [] : [{ explanation }]),
    StepBlock.parse({ step: { ...step, instructions } }),
  ];
  return {
    model: campaign.file.model.name,
    maxTokens: campaign.file.model.maxOutputTokens,
    system,
    turns: [{ role: 'user', blocks: blocks.map((block) => ({ text: canonicalJson(block) })) }],
    schema: step.kind === 'draft' ? DRAFT_JSON_SCHEMA : STEP_JSON_SCHEMA,
    structured: campaign.structured,
  };
}

/** The request with the faulty answer and what was wrong with it, for another try. */
export function repairRequest(request: ModelRequest, answer: string, step: StepMaterial, faults: string[]): ModelRequest {
  const instructions = 'Your last answer cannot be used. Mend every fault listed in "faults" and give the whole answer again.';
  const repair: PromptTurn[] = [
    // the Messages API refuses empty text
    { role: 'assistant', blocks: [{ text: answer === '' ? '{}' : answer }] },
    { role: 'user', blocks: [{ text: canonicalJson(StepBlock.parse({ step: { ...step, instructions, faults } })) }] },
  ];
  return { ...request, turns: [...request.turns, ...repair] };
}

/** Hash that keys the response store: the provider's identity and the canonical request. */
export function bodyHash(provider: string, request: ModelRequest): string {
  return contentHash({ provider, request });
}

/** What a situation says, without its place in a campaign. */
export function contentOf(situation: Situation): SituationContent {
  const { id: _id, index: _index, root: _root, ...content } = situation;
  return content;
}
