import { z } from 'zod';
import { Horizon } from './levels.ts';

export const Task = z.enum(['plan', 'predict']);
export type Task = z.infer<typeof Task>;

/** Which simulated world a situation was drawn from; null for situations written by hand or imagined. */
export const WorldRef = z.strictObject({
  name: z.string().min(1),
  seed: z.int().min(0),
  /** The task of the world's way that a sub-situation opens; absent for whole situations. */
  task: z.string().min(1).optional(),
});
export type WorldRef = z.infer<typeof WorldRef>;

/** What a situation says, without its place in a campaign. Its canonical JSON's sha256 is the situation's id. */
export const SituationContent = z
  .strictObject({
    task: Task.default('plan'),
    agent: z.string().min(1),
    horizon: Horizon,
    initial: z.string().min(1),
    /** null: open-ended (the highest level) or a prediction. */
    target: z.string().min(1).nullable().default(null),
    /** The coarser plan's action that this situation expands. */
    parent: z.strictObject({ situation: z.string(), node: z.string() }).nullable().default(null),
    world: WorldRef.nullable().default(null),
  })
  .refine((situation) => situation.task === 'plan' || situation.target === null, {
    error: 'a prediction has no target: set target to null',
    path: ['target'],
  });
export type SituationContent = z.infer<typeof SituationContent>;

/** One line of a campaign's listing. `index` counts from 0 after de-duplication; `root` is the top ancestor's id. */
export const Situation = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  index: z.int().min(0),
  root: z.string().regex(/^[0-9a-f]{64}$/),
  ...SituationContent.shape,
});
export type Situation = z.infer<typeof Situation>;

/** A file of hand-written situations (YAML or JSON). */
export const SituationFile = z.strictObject({ situations: z.array(SituationContent).min(1) });
