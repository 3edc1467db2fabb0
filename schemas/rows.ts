import { z } from 'zod';
import { SPLITS } from './campaign.ts';
import { LEVELS } from './levels.ts';
import { OUTCOMES } from './records.ts';
import { Task } from './situation.ts';
import { Stance } from './plan.ts';

/**
 * Columns of the three tables. arrow.ts derives the Arrow schema: z.int() becomes int32, z.number() float64, z.bigint() int64,
 * z.boolean() bool, strings and enums utf8, arrays lists, objects structs, nullable() nullable. Order here is order on disk.
 */
export const Label = z.enum(['positive', 'negative', 'equivalent', 'none']);
export type Label = z.infer<typeof Label>;

export const NodeRow = z.strictObject({
  id: z.string(),
  kind: z.enum(['state', 'action']),
  level: z.enum(LEVELS),
  /** Id of the action whose sub-plan it stands in; "" at the top. */
  parent: z.string(),
  order: z.int(),
  text: z.string(),
  /** Actions only, as are the two below. */
  success: z.number().nullable(),
  duration_s: z.number().nullable(),
  /** Sum over those affected. */
  moral_cost: z.number().nullable(),
});
export type NodeRow = z.infer<typeof NodeRow>;

/** One row a version, sorted by (situation_index, branch, revision). */
export const DataRow = z.strictObject({
  situation_id: z.string(),
  situation_index: z.int(),
  task: Task,
  campaign: z.string(),
  split: z.enum(SPLITS),
  agent: z.string(),
  /** Level of the plan's top list. */
  level: z.enum(LEVELS),
  parent_id: z.string().nullable(),
  root_id: z.string(),
  /** `main` for the final version and its ancestors, else the verification branch. */
  branch: z.string(),
  /** From 0; position on its line, counted from the draft. */
  revision: z.int(),
  /** Number of versions on the main line. */
  revisions: z.int(),
  is_final: z.boolean(),
  label: Label,
  stance: Stance,
  initial_state: z.string(),
  target_state: z.string().nullable(),
  plan_json: z.string(),
  plan_text: z.string(),
  nodes: z.array(NodeRow),
  /** The explanation, text and arguments, as JSON; so are the alternative ones, which stand on the final row of a converged situation. */
  explanation: z.string(),
  alternative_explanations: z.array(z.string()),
  /** The critique that led to this version, as JSON of findings; null for drafts and re-explanations. */
  critique: z.string().nullable(),
  textbook: z.string().nullable(),
  chapter: z.string().nullable(),
  /** The edit script that led to this version, as JSON. */
  edits: z.string(),
  /** Share of the earlier version's nodes that no finding named and that stayed as they were; 1 for drafts. */
  kept_share: z.number(),
  /** Zhang-Shasha tree edit distance, unit costs. */
  distance_to_previous: z.number(),
  distance_to_final: z.number(),
  /** Exact, where a world knows it; nats. */
  log_reward: z.number().nullable(),
  prompt_chars: z.int(),
  output_chars: z.int(),
  model: z.string(),
});
export type DataRow = z.infer<typeof DataRow>;

/** One row a situation, refused and failed ones included. */
export const SituationRow = z.strictObject({
  situation_id: z.string(),
  situation_index: z.int(),
  task: Task,
  agent: z.string(),
  horizon: z.string(),
  parent_id: z.string().nullable(),
  root_id: z.string(),
  split: z.enum(SPLITS),
  outcome: z.enum(OUTCOMES),
  reason: z.string(),
  versions: z.int(),
  passes: z.int(),
  reopened: z.int(),
  /** Chapters that the plan was passed over with, as `textbook/chapter`; empty where it was not drafted. */
  selection: z.array(z.string()),
});
export type SituationRow = z.infer<typeof SituationRow>;

/** One row a paid call (lost ones have no usage); outside the identity guarantee. */
export const LedgerRow = z.strictObject({
  situation_index: z.int(),
  try: z.int(),
  step: z.string(),
  /** Activity attempt that got the answer, from 1; 0 for a lost call. */
  attempt: z.int(),
  model: z.string(),
  response: z.string().nullable(),
  input_tokens: z.int().nullable(),
  output_tokens: z.int().nullable(),
  cache_read_tokens: z.int().nullable(),
  /** Of any lifetime, those for an hour included. */
  cache_write_tokens: z.int().nullable(),
  cache_write_1h_tokens: z.int().nullable(),
  lost: z.boolean(),
  /** Asked in a batch, at the price of one. */
  batched: z.boolean(),
  /** Int nano-dollars; null where price or usage is unknown. */
  nano_usd: z.bigint().nullable(),
});
export type LedgerRow = z.infer<typeof LedgerRow>;
