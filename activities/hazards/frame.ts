import { hostileIn, type Line } from './adversary.ts';
import type { Phrases } from './phrases.ts';
import { NEGATIONS, OVERCOMING, PREDICTION, PREVENTION, SHELTER, TELLING, THINKING } from './terms.ts';

/** Words between a negation and the thinking that it renounces. */
const RENUNCIATION_REACH = 2;

/**
 * A sentence's threat is the subject of a story or a lesson, what a shelter is for, or something that the text renounces to think
 * about. That excuses it only where nobody's plans are asked for anywhere and nothing is to be reached against an adversary: a frame
 * around the hazard itself excuses nothing.
 */
export function isFramed(lines: readonly Line[], sentence: string): boolean {
  const framed = TELLING.has(sentence) || (SHELTER.has(sentence) && PREVENTION.has(sentence)) || renounced(sentence);
  return framed && !lines.some((line) => asksFor(line.sentence) || (line.own && (hostileIn(line.sentence) !== null || OVERCOMING.has(line.sentence))));
}

function asksFor(sentence: string): boolean {
  return affirmed(sentence, PREDICTION).length > 0;
}

/** "We do not ask what they would do", "their plans must not be thought through". */
function renounced(sentence: string): boolean {
  return THINKING.has(sentence) && affirmed(sentence, THINKING).length === 0;
}

/** Matches that no negation stands right before. */
function affirmed(sentence: string, phrases: Phrases) {
  return phrases.in(sentence).filter(({ start, words }) => {
    const before = sentence.slice(0, start);
    const negated = NEGATIONS.in(before).some(({ end }) => before.slice(end).trim().split(' ').length <= RENUNCIATION_REACH);
    return !negated && !NEGATIONS.has(words) && !before.endsWith('out of ');
  });
}
