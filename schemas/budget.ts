import { z } from 'zod';

/** What one spender (a campaign, its imagination, its explanations) holds of the cap. */
export const Hold = z.strictObject({
  /** Spent, granted, or kept to be granted; int nano-dollars. */
  nanoUsd: z.int().min(0),
  /** `open`: it may give some back; `waiting`: it holds no more than it has promised, all of that waits too, and it needs more; `closed`: all of it is spent. */
  state: z.enum(['open', 'waiting', 'closed']),
});
export type Hold = z.infer<typeof Hold>;

/**
 * `budget/<n>.json`, put if absent: one change of the cap or of one hold. Each carries everything, so that only the last is read, and
 * follows from the one before: whoever loses the race for a number reads again and decides anew.
 */
export const BudgetEntry = z.strictObject({
  schema: z.literal(1),
  n: z.int().min(1),
  /** Int nano-dollars that all campaigns of the bucket may spend together; null: as much as each one's own budget allows. */
  cap: z.int().min(0).nullable(),
  holds: z.record(z.string(), Hold),
});
export type BudgetEntry = z.infer<typeof BudgetEntry>;
