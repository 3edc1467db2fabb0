import type { z } from 'zod';
import { AgentBlock, ChapterBlock, ContentsBlock, ExplanationBlock, ImagineBlock, PlanBlock, SituationBlock, StepBlock } from '../../schemas/prompt.ts';
import { invalidRequest } from './api-error.ts';
import type { CountTokensRequest } from './request.ts';

const BLOCKS = { chapter: ChapterBlock, contents: ContentsBlock, agent: AgentBlock, imagine: ImagineBlock, situation: SituationBlock, plan: PlanBlock, explanation: ExplanationBlock, step: StepBlock };

/** The parts of a prompt, as far as it has them. */
export interface PromptParts {
  chapter?: z.infer<typeof ChapterBlock>['chapter'];
  contents?: z.infer<typeof ContentsBlock>['contents'];
  agent?: z.infer<typeof AgentBlock>['agent'];
  imagine?: ImagineBlock['imagine'];
  situation?: z.infer<typeof SituationBlock>['situation'];
  plan?: z.infer<typeof PlanBlock>['plan'];
  explanation?: z.infer<typeof ExplanationBlock>['explanation'];
  step?: StepBlock['step'];
}

/**
 * Reads the blocks that hold one JSON object of a single known key; of a key that comes twice, the last (a repair repeats the
 * step), and of several chapters the one that the step names. The model's own turns are not read. @throws ApiError (400) for a known block that is not in its shape.
 */
export function promptParts(request: CountTokensRequest): PromptParts {
  const parts: Record<string, unknown> = {};
  const chapters: z.infer<typeof ChapterBlock>['chapter'][] = [];
  const said = request.messages.filter(({ role }) => role === 'user').flatMap(({ content }) => content);
  for (const each of [...request.system, ...said]) {
    if (each.type !== 'text') continue;
    const block = singleKeyed(each.text);
    if (block === null || !Object.hasOwn(BLOCKS, block.key)) continue;
    const key = block.key as keyof typeof BLOCKS;
    const parsed = BLOCKS[key].safeParse(block.value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw invalidRequest(`the simulated model cannot read the block "${key}": ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
    }
    parts[key] = (parsed.data as Record<string, unknown>)[key];
    if ('chapter' in parsed.data) chapters.push(parsed.data.chapter);
  }
  const { chapter: meant } = (parts as PromptParts).step ?? {};
  if (meant != null) parts['chapter'] = chapters.find(({ textbook, name }) => textbook === meant.textbook && name === meant.name);
  return parts;
}

function singleKeyed(text: string): { key: string; value: unknown } | null {
  if (!text.startsWith('{"')) return null;
  try {
    const value: unknown = JSON.parse(text);
    const keys = Object.keys(value as object);
    return keys.length === 1 ? { key: keys[0] as string, value } : null;
  } catch {
    return null;
  }
}
