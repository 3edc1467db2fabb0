import type { Law } from '../../schemas/law.ts';
import type { TextContents } from '../../schemas/library.ts';
import type { SelectOutput } from '../../schemas/wire.ts';
import type { Rng } from '../world.ts';

/** Chance that a text which the law gives no eyes is chosen all the same. */
const IDLE_CHOICE = 0.2;

/** Chapters of the texts whose critics can see something, and now and then of another. */
export function select(contents: readonly TextContents[], law: Law, rng: Rng): SelectOutput {
  const chosen = contents.filter(({ textbook }) => (law.textbooks[textbook]?.classes.length ?? 0) > 0 || rng() < IDLE_CHOICE);
  return {
    chapters: chosen.flatMap(({ textbook, chapters }) => chapters.map(({ name }) => ({ textbook, chapter: name }))),
    why: 'These texts could show a fault in the plan.',
  };
}
