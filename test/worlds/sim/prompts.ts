import type { MessageCreateParamsNonStreaming } from '@anthropic-ai/sdk/resources/messages';
import { readFileSync } from 'node:fs';
import { canonicalJson } from '../../../schemas/canonical.ts';
import { DRAFT_JSON_SCHEMA, STEP_JSON_SCHEMA } from '../../../schemas/json-schema.ts';
import { Law } from '../../../schemas/law.ts';
import type { Explanation, Plan } from '../../../schemas/plan.ts';
import { ANSWER_TOOL, StepBlock } from '../../../schemas/prompt.ts';
import type { SituationContent } from '../../../schemas/situation.ts';
import { relief } from '../../../worlds/relief/index.ts';

export const EXPLANATION: Explanation = { text: 'It is so.', arguments: [{ claim: 'It will do.', premises: ['Nothing speaks against it.'], supports: [] }] };
export const CHAPTER_TEXT = 'A plan has to be looked at from every side before it is carried out. '.repeat(80);

export function lawNamed(name: string, changes: Partial<Law> = {}): Law {
  return Law.parse({ ...(JSON.parse(readFileSync(new URL(`../../../worlds/laws/${name}.json`, import.meta.url), 'utf8')) as object), latencyMs: 0, ...changes });
}

export const block = (value: unknown, cached = false) => ({
  type: 'text' as const,
  text: canonicalJson(value),
  ...(cached ? { cache_control: { type: 'ephemeral' as const } } : {}),
});

export interface Given {
  kind: StepBlock['step']['kind'];
  situation?: SituationContent;
  plan?: Plan;
  textbook?: string;
  step?: Partial<StepBlock['step']>;
  route?: 'schema' | 'tool';
}

/** The request of one step as the product sends it, about the world's situation 0 where none is given. */
export function request({ kind, situation = relief.situation(0), plan, textbook, step = {}, route = 'schema' }: Given): MessageCreateParamsNonStreaming {
  const schema = kind === 'draft' ? DRAFT_JSON_SCHEMA : STEP_JSON_SCHEMA;
  return {
    model: 'claude-test',
    max_tokens: 8000,
    system: [{ type: 'text', text: 'Rules.' }, ...(textbook === undefined ? [] : [block({ chapter: { textbook, title: textbook, name: 'whole', text: CHAPTER_TEXT } }, true)])],
    messages: [
      {
        role: 'user',
        content: [
          block({ situation }),
          ...(plan === undefined ? [] : [block({ plan }), block({ explanation: EXPLANATION })]),
          block(StepBlock.parse({ step: { kind, instructions: 'Do it.', ...step } })),
        ],
      },
    ],
    ...(route === 'schema'
      ? { output_config: { format: { type: 'json_schema' as const, schema } } }
      : { tools: [{ name: ANSWER_TOOL, description: 'Give the answer.', input_schema: schema as { type: 'object' } }], tool_choice: { type: 'tool' as const, name: ANSWER_TOOL } }),
  };
}
