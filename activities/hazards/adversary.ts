import type { Match } from './phrases.ts';
import { ACTORS, DEEDS, HOSTILE, INTENT, NATURAL, NEGATIONS, WILL } from './terms.ts';

/** Sentences on either side in which a threat's author is looked for. */
export const REACH_SENTENCES = 3;

/** Words for anybody that was named before: things, too. */
const PRONOUNS = new Set(['it', 'they']);

/** A sentence in its place. `own`: it says what the plan itself does or reaches. */
export interface Line {
  sentence: string;
  own: boolean;
}

/** Who brings about the threat of line `i`, in the text's own words; null where nobody does (nature, an accident). */
export function adversaryOf(lines: readonly Line[], i: number, { start: at, end }: Match): string | null {
  const { sentence, own } = lines[i] as Line;
  const here = hostileIn(sentence);
  if (here !== null) return here;
  if (NATURAL.has(sentence.slice(0, at)) || NATURAL.has(sentence.slice(end))) return null;
  const around = lines.slice(Math.max(0, i - REACH_SENTENCES), i + REACH_SENTENCES + 1);
  const named = around.map((line) => hostileIn(line.sentence)).find((found) => found !== null);
  if (named !== undefined) return named;
  const natural = lines.some((line) => NATURAL.has(line.sentence));
  if (own && !natural) return 'the plan itself';
  const subjects = ACTORS.in(sentence).filter(({ start }) => start < at).map(({ words }) => words);
  const subject = subjects.find((words) => !PRONOUNS.has(words));
  const wills = INTENT.has(sentence);
  if (subject !== undefined && wills) return subject;
  const will = WILL.in(sentence).find(({ start }) => start < at);
  if (will !== undefined) return will.words;
  if (DEEDS.has(sentence.slice(at, end)) && !natural) return 'somebody';
  const before = lines.slice(Math.max(0, i - REACH_SENTENCES), i).map((line) => line.sentence);
  if (before.some((earlier) => NATURAL.has(earlier))) return null;
  const antecedents = before.filter((earlier) => INTENT.has(earlier) || (wills && subjects.length > 0)).map(actorIn);
  return antecedents.find((actor) => actor !== null) ?? (wills && subjects.includes('they') ? 'they' : null);
}

/** An adversary by name, unless the sentence says that there is none. */
export function hostileIn(sentence: string): string | null {
  const negations = NEGATIONS.in(sentence);
  const found = HOSTILE.in(sentence).find(({ start }) => !negations.some(({ end }) => end <= start && sentence.slice(end, start).trim().split(' ').length <= 2));
  return found?.words ?? null;
}

function actorIn(sentence: string): string | null {
  return ACTORS.in(sentence).find(({ words }) => words !== 'it')?.words ?? null;
}
