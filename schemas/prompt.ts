import { z } from 'zod';
import { AgentSpec } from './agent.ts';
import { Explanation, Plan } from './plan.ts';
import { SituationContent } from './situation.ts';
import { Finding } from './wire.ts';

/**
 * The parts of a prompt. Each travels as one text block holding one canonical JSON object with a single key, in this order:
 * system: rules (plain text), then {"chapter"} (cache breakpoint); user: {"agent"}, {"situation"}, {"plan"}, {"explanation"}, {"step"}.
 * A draft has no chapter, plan or explanation.
 */
export const ChapterBlock = z.strictObject({ chapter: z.strictObject({ textbook: z.string(), title: z.string(), name: z.string(), text: z.string() }) });
export const AgentBlock = z.strictObject({ agent: AgentSpec });
export const SituationBlock = z.strictObject({ situation: SituationContent });
export const PlanBlock = z.strictObject({ plan: Plan });
export const ExplanationBlock = z.strictObject({ explanation: Explanation });

/** What is asked for. `instructions` is the step's prompt text; the other fields are its material. */
export const StepBlock = z.strictObject({
  step: z.strictObject({
    kind: z.enum(['draft', 'critique', 'revise', 'explain']),
    instructions: z.string(),
    /** revise: the findings to answer, those of severity none left out. */
    findings: z.array(Finding).default([]),
    /** explain: the explanation whose premises must not be reused. */
    avoid: Explanation.nullable().default(null),
    /** revise after an oscillation: decide between the two versions. */
    decide: z.boolean().default(false),
    /** Repair: what was wrong with the last answer, quoted; the answer itself precedes it as an assistant turn. */
    faults: z.array(z.string()).default([]),
  }),
});
export type StepBlock = z.infer<typeof StepBlock>;

/** Name of the tool whose forced call stands in for structured output on servers that lack it. */
export const ANSWER_TOOL = 'answer';
