import { z } from 'zod';
import { AgentSpec } from './agent.ts';
import { STAKES } from './campaign.ts';
import { Explanation, Plan } from './plan.ts';
import { TextContents } from './library.ts';
import { SituationContent, Task } from './situation.ts';
import { Finding } from './wire.ts';

/**
 * The parts of a prompt. Each travels as one text block holding one canonical JSON object with a single key, in this order:
 * system: rules (plain text), then {"chapter"}, several where they are short, or, for select, {"contents"} (cache breakpoint); user: {"agent"}, {"situation"}, {"plan"},
 * {"explanation"}, {"step"}. A draft has no chapter, plan or explanation. Imagining has its own rules, then {"agent"}, {"imagine"}, {"step"}.
 */
export const ChapterBlock = z.strictObject({ chapter: z.strictObject({ textbook: z.string(), title: z.string(), name: z.string(), text: z.string() }) });
export const ContentsBlock = z.strictObject({ contents: z.array(TextContents) });
export const AgentBlock = z.strictObject({ agent: AgentSpec });
export const SituationBlock = z.strictObject({ situation: SituationContent });
export const PlanBlock = z.strictObject({ plan: Plan });
export const ExplanationBlock = z.strictObject({ explanation: Explanation });

/** One cell of the grid that situations are imagined over. `horizon` is written as `hours/days`. */
export const ImagineBlock = z.strictObject({
  imagine: z.strictObject({
    domain: z.string(),
    horizon: z.string(),
    stakes: z.enum(STAKES),
    task: Task,
    /** Situations wanted. */
    count: z.int().min(1),
    /** Asks of another number are to be answered by other situations. */
    variation: z.int(),
    /** Initial states of situations that the cell has already. */
    others: z.array(z.string()),
  }),
});
export type ImagineBlock = z.infer<typeof ImagineBlock>;

export const STEP_KINDS = ['draft', 'select', 'critique', 'revise', 'explain', 'imagine'] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** What is asked for. `instructions` is the step's prompt text; the other fields are its material. */
export const StepBlock = z.strictObject({
  step: z.strictObject({
    kind: z.enum(STEP_KINDS),
    instructions: z.string(),
    /** Where several chapters are shown: the one that this step is about. */
    chapter: z.strictObject({ textbook: z.string(), name: z.string() }).nullable().default(null),
    /** revise: the findings to answer, those of severity none left out. */
    findings: z.array(Finding).default([]),
    /** explain: the explanations whose premises must not be reused. */
    avoid: z.array(Explanation).default([]),
    /** revise after an oscillation: decide between the two versions. */
    decide: z.boolean().default(false),
    /** Repair: what was wrong with the last answer, quoted; the answer itself precedes it as an assistant turn. */
    faults: z.array(z.string()).default([]),
  }),
});
export type StepBlock = z.infer<typeof StepBlock>;

/** Name of the tool whose forced call stands in for structured output on servers that lack it. */
export const ANSWER_TOOL = 'answer';
