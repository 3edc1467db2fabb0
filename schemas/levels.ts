import { z } from 'zod';

/** Planning time scales, finest first. Neighbours in this list are "adjacent levels". */
export const LEVELS = ['seconds', 'minutes', 'hours', 'days', 'weeks', 'months', 'years', 'decades'] as const;

export const Level = z.enum(LEVELS);
export type Level = z.infer<typeof Level>;

export function levelIndex(level: Level): number {
  return LEVELS.indexOf(level);
}

/** One to three adjacent levels, finest first; in files also written `minutes/hours/days`. */
export const Horizon = z
  .preprocess((value) => (typeof value === 'string' ? value.split('/') : value), z.array(Level).min(1).max(3))
  .refine(
    (levels) => levels.every((level, i) => i === 0 || levelIndex(level) === levelIndex(levels[i - 1] as Level) + 1),
    { error: `levels must be adjacent and finest first, such as minutes/hours/days; the levels are ${LEVELS.join(', ')}` },
  );
export type Horizon = z.infer<typeof Horizon>;
