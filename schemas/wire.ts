import { z } from 'zod';
import { STAKES } from './campaign.ts';
import { Level } from './levels.ts';
import { Argument, Characteristics, MoralCost, Resource, Stance } from './plan.ts';
import { Task } from './situation.ts';

/**
 * What the model writes. Providers' structured output refuses recursion, numeric bounds and many optional fields, so a plan
 * travels as two flat lists, every field is required, and "none" is the empty string or list. Bounds are checked by code.
 */
const place = {
  id: z.string(),
  /** Id of the action whose sub-plan this node stands in; "" for the top list. */
  parent: z.string(),
  /** Position among the nodes of the same parent; states and actions share one numbering. */
  order: z.number(),
  level: Level,
};

export const WireState = z.strictObject({ ...place, text: z.string() });
export type WireState = z.infer<typeof WireState>;

export const WireAction = z.strictObject({ ...place, text: z.string(), ...Characteristics.shape });
export type WireAction = z.infer<typeof WireAction>;

const WireExplanation = z.strictObject({ text: z.string(), arguments: z.array(Argument) });

/** Answer of the select step: chapters worth criticising the plan from, named as the tables of contents name them. */
export const SelectOutput = z.strictObject({
  chapters: z.array(z.strictObject({ textbook: z.string(), chapter: z.string() })),
  why: z.string(),
});
export type SelectOutput = z.infer<typeof SelectOutput>;

/** Answer of the imagine step: situations of one cell of the grid. `target` is "" for none, `horizon` written as `hours/days`. */
export const ImagineOutput = z.strictObject({
  situations: z.array(
    z.strictObject({
      initial: z.string(),
      target: z.string(),
      task: Task,
      horizon: z.string(),
      domain: z.string(),
      stakes: z.enum(STAKES),
    }),
  ),
});
export type ImagineOutput = z.infer<typeof ImagineOutput>;

/** Answer of the draft step. */
export const DraftOutput = z.strictObject({
  stance: Stance,
  stanceArgument: z.string(),
  states: z.array(WireState),
  actions: z.array(WireAction),
  explanation: WireExplanation,
});
export type DraftOutput = z.infer<typeof DraftOutput>;

export const Severity = z.enum(['none', 'minor', 'major']);
export type Severity = z.infer<typeof Severity>;

/** One fault found by a critique; `quote` is copied from the chapter. */
export const Finding = z.strictObject({
  node: z.string(),
  severity: Severity,
  issue: z.string(),
  suggestion: z.string(),
  quote: z.string(),
});
export type Finding = z.infer<typeof Finding>;

export const EDIT_OPS = ['label', 'expand', 'insert', 'remove', 'replace', 'characteristic'] as const;

/**
 * One edit of a plan. `node` names what it acts on:
 * - label           sets the text of an action or state to `text` (same id)
 * - expand          gives the action a sub-plan from `states` and `actions` (parent "" means the action itself)
 * - insert          after `node`, inserts the one action and one state in `actions` and `states`, in the order that keeps alternation
 * - remove          removes the action with the state after it (before it, where the one after is fixed or absent), or the state with
 *                   the action after it; a sub-plan left with a single action is dropped
 * - replace         puts the one action (or state) given in `actions` (`states`) in the node's place, with a new id; a sub-plan goes
 * - characteristic  sets `field` of the action from `value` (success, durationS), `resources` or `moralCost`
 */
export const Edit = z.strictObject({
  op: z.enum(EDIT_OPS),
  node: z.string(),
  text: z.string(),
  states: z.array(WireState),
  actions: z.array(WireAction),
  field: z.enum(['', 'success', 'durationS', 'resources', 'moralCost']),
  value: z.number(),
  resources: z.array(Resource),
  moralCost: z.array(MoralCost),
});
export type Edit = z.infer<typeof Edit>;

/**
 * Answer of critique, revise and explain: one schema for the three, so that they share the provider's cached prefix.
 * A critique fills `findings`; a revision `edits`, `stance` and `explanation`; an alternative explanation only `explanation`.
 */
export const StepOutput = z.strictObject({
  findings: z.array(Finding),
  edits: z.array(Edit),
  stance: z.enum(['unchanged', ...Stance.options]),
  stanceArgument: z.string(),
  explanation: WireExplanation,
  /** The model's own claim that the revision is material: recorded, never decided upon. */
  material: z.boolean(),
});
export type StepOutput = z.infer<typeof StepOutput>;
