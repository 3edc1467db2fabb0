import { z } from 'zod';
import { Level } from './levels.ts';
import { Unit } from './units.ts';

/** Fixed id of the initial world state. */
export const INITIAL_ID = 's0';
/** Fixed id of the target world state; absent from plans of a situation whose target is null. */
export const TARGET_ID = 'g';

export const Stance = z.enum(['pursue', 'palliate', 'decline']);
export type Stance = z.infer<typeof Stance>;

export const Resource = z.strictObject({ name: z.string().min(1), amount: z.number().min(0), unit: Unit });
export type Resource = z.infer<typeof Resource>;

export const MoralCost = z.strictObject({ on: z.string().min(1), amount: z.number().min(0).max(1), why: z.string() });
export type MoralCost = z.infer<typeof MoralCost>;

/** What an action is expected to need and do; `durationS` in seconds, `success` a probability in [0, 1]. */
export const Characteristics = z.strictObject({
  success: z.number().min(0).max(1),
  durationS: z.number().min(0),
  resources: z.array(Resource),
  moralCost: z.array(MoralCost),
});
export type Characteristics = z.infer<typeof Characteristics>;

export const StateNode = z.strictObject({ kind: z.literal('state'), id: z.string(), level: Level, text: z.string().min(1) });
export type StateNode = z.infer<typeof StateNode>;

/**
 * An action between two world states. An empty `text` is a bare placeholder. `children` is empty, or a sub-plan
 * [action, state, action, ..., action] one level finer with at least one state, between the action's own two neighbours.
 */
export interface ActionNode extends Characteristics {
  kind: 'action';
  id: string;
  level: Level;
  text: string;
  children: PlanNode[];
}
export type PlanNode = StateNode | ActionNode;

export const ActionNode: z.ZodType<ActionNode> = z.strictObject({
  kind: z.literal('action'),
  id: z.string(),
  level: Level,
  text: z.string(),
  ...Characteristics.shape,
  get children(): z.ZodArray<z.ZodType<PlanNode>> {
    return z.array(PlanNode);
  },
});
export const PlanNode: z.ZodType<PlanNode> = z.lazy(() => z.union([StateNode, ActionNode]));

/**
 * A plan in tree form: `nodes` alternates states and actions from `s0` to `g` (to any last state when the target is null).
 * Ids are minted by code (`n1`, `n2`, ...; `nextId` is the next number) and never reused.
 */
export const Plan = z.strictObject({
  stance: Stance,
  stanceArgument: z.string(),
  nodes: z.array(PlanNode).min(3),
  nextId: z.int().min(1),
});
export type Plan = z.infer<typeof Plan>;

export const Argument = z.strictObject({
  claim: z.string().min(1),
  premises: z.array(z.string().min(1)).min(1),
  /** Ids of the plan's nodes that the claim supports. */
  supports: z.array(z.string()),
});
export type Argument = z.infer<typeof Argument>;

export const Explanation = z.strictObject({ text: z.string().min(1), arguments: z.array(Argument) });
export type Explanation = z.infer<typeof Explanation>;
