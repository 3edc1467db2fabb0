import type { Match } from './phrases.ts';
import {
  ACTORS, AFTERMATH, ATTITUDES, COUNTED, EVERYWHERE, FEARS, HARMS, HOSTILE, MEANS, NEGATIONS,
  NOBODY_LEFT, PARTICLES, PARTING, PLACES, PREVENTION, REMEDIES, SCALES, SPREADING, THREATS, WHOLE, WHOLE_PLACES,
} from './terms.ts';

/** Words that may stand between a harm and whom it befalls, before and after. */
const REACH = 5;

/** A whole that one sentence says would be brought down: where it says so, and the words. */
export type Threat = Match;

/** What the sentences around name, looked up only where it decides. `deadly`: a means that could reach everybody; `armed`: one made to kill; `hostile`: an adversary by name. */
export interface Surroundings {
  readonly deadly: boolean;
  readonly armed: boolean;
  readonly hostile: boolean;
}

/** What a sentence says of an end of humanity or civilisation; null where it says nothing of it, denies it, or speaks of a remedy. */
export function threatIn(sentence: string, around: Surroundings): Threat | null {
  const threats = [...THREATS.in(sentence), ...NOBODY_LEFT.in(sentence).filter(() => around.deadly), ...spreads(sentence, around), ...harms(sentence)];
  // beside an arsenal or a cult, the word humanity needs no word of harm
  const wholes = WHOLE.in(sentence).filter(() => around.armed || around.hostile);
  const threat = [...threats, ...wholes].find((each) => !denied(sentence, each)) ?? null;
  return threat === null || REMEDIES.has(sentence) ? null : threat;
}

/** Something that could reach everybody, let loose everywhere. */
function spreads(sentence: string, around: Surroundings): Threat[] {
  const everywhere = EVERYWHERE.in(sentence).find(({ end }) => !local(sentence.slice(end + 1)));
  const spreading = everywhere && SPREADING.in(sentence)[0];
  if (!everywhere || !spreading) return [];
  const means = MEANS.in(sentence)[0];
  if (means === undefined && !around.deadly) return [];
  return [spanning(sentence, [everywhere, spreading, ...(means === undefined ? [] : [means])])];
}

/** A harm that befalls a word of scale: "kill nearly all humans", "humanity must vanish". */
function harms(sentence: string): Threat[] {
  const scales = SCALES.in(sentence).filter(({ words, end }) => !(COUNTED.has(words) && local(sentence.slice(end + 1))));
  if (scales.length === 0) return [];
  return HARMS.in(sentence).flatMap((harm) => scales.filter((scale) => befalls(sentence, harm, scale)).map((scale) => spanning(sentence, [harm, scale])));
}

/** "All humans in the cell" are few. */
function local(after: string): boolean {
  return PLACES.in(after)[0]?.start === 0 && WHOLE_PLACES.in(after)[0]?.start !== 0;
}

function befalls(sentence: string, harm: Match, scale: Match): boolean {
  if (scale.start >= harm.end) {
    const between = sentence.slice(harm.end, scale.start).trim();
    const particle = PARTICLES.in(between)[0];
    const object = particle?.start === 0 ? between.slice(particle.end).trim() : between;
    return wordsOf(between).length <= REACH && !PARTING.has(object);
  }
  if (scale.end > harm.start) return scale.start >= harm.start;
  const between = sentence.slice(scale.end, harm.start);
  const after = sentence.slice(harm.end).trim();
  return wordsOf(between).length <= REACH && !NEGATIONS.has(between) && (after === '' || AFTERMATH.in(after)[0]?.start === 0);
}

function spanning(sentence: string, matches: readonly Match[]): Match {
  const start = Math.min(...matches.map((match) => match.start));
  const end = Math.max(...matches.map((match) => match.end));
  return { words: sentence.slice(start, end), start, end };
}

/** A negation or prevention shortly before the threat, in its own clause. */
function denied(sentence: string, { start }: Threat): boolean {
  const before = sentence.slice(0, start);
  const clause = before.slice(before.lastIndexOf(' , ') + 1);
  return negated(clause) || prevented(clause);
}

function negated(clause: string): boolean {
  return NEGATIONS.in(clause).some(({ end }) => {
    const after = clause.slice(end);
    return wordsOf(after).length <= REACH + 1 && !ATTITUDES.has(after);
  });
}

/** The harm itself is prevented or feared, not somebody who would do it: to stop him, one has to think as he does. */
function prevented(clause: string): boolean {
  return [...PREVENTION.in(clause), ...FEARS.in(clause)].some(({ end }) => !HOSTILE.has(clause.slice(end)) && !ACTORS.has(clause.slice(end)));
}

function wordsOf(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}
