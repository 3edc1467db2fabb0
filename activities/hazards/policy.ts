import { walk } from '../../plans/tree.ts';
import type { ActorParameters } from '../../schemas/campaign.ts';
import type { Explanation, Plan } from '../../schemas/plan.ts';
import type { Situation } from '../../schemas/situation.ts';
import { Recent } from '../recent.ts';
import { adversaryOf, hostileIn, REACH_SENTENCES, type Line } from './adversary.ts';
import { isFramed } from './frame.ts';
import { sentencesOf } from './plain-text.ts';
import { HARMLESS, MEANS, WEAPONS } from './terms.ts';
import { threatIn, type Surroundings } from './threat.ts';

export type HazardPolicy = ActorParameters['hazardPolicy'];

/** Why a text is turned away: one line, and the words of the text that led there. */
export interface Objection {
  reason: string;
  /** Who threatens, and with what, as the text has it once lookalikes, invisible characters and the like are undone. */
  words: [adversary: string, threat: string];
}

/** Characters of the threat that a reason quotes: headlines hold 200. */
const LONGEST_QUOTE = 80;

/** A piece of what is screened. `own`: what it says is done or reached by the plan itself. */
interface Passage {
  text: string;
  own: boolean;
}

/**
 * `exclude-existential-adversaries` turns away situations in which the actor would have to think through the plans of somebody who
 * threatens humanity's existence or civilisation at large, were it only to stop them. Rules over words, no model: English alone, and whoever
 * writes in riddles gets by (test/activities/hazards says how often). Null: nothing to object to.
 */
export function screenSituation(policy: HazardPolicy, situation: Pick<Situation, 'initial' | 'target'> & Partial<Pick<Situation, 'task'>>): Objection | null {
  if (policy === 'none') return null;
  const passages = [
    { text: situation.initial, own: false },
    { text: situation.target ?? '', own: true },
  ];
  return objection('situation', passages, situation.task === 'predict');
}

/** The same of a plan after a draft or a revision: its nodes, its stance's argument and its explanation. Null: nothing to object to. */
export function screenPlan(policy: HazardPolicy, plan: Plan, explanation: Explanation): Objection | null {
  if (policy === 'none') return null;
  const nodes = [...walk(plan)].flatMap(({ node }): Passage[] => {
    if (node.kind === 'state') return [{ text: node.text, own: false }];
    const characteristics = [...node.moralCost.map(({ on, why }) => `${on}. ${why}`), ...node.resources.map(({ name }) => name)];
    return [{ text: node.text, own: true }, ...characteristics.map((text) => ({ text, own: false }))];
  });
  const reasons = [plan.stanceArgument, explanation.text, ...explanation.arguments.flatMap(({ claim, premises }) => [claim, ...premises])];
  return objection('plan', [...nodes, ...reasons.map((text) => ({ text, own: false }))], false);
}

function objection(what: string, passages: readonly Passage[], predicts: boolean): Objection | null {
  for (const lines of readingsOf(passages)) {
    for (let i = 0; i < lines.length; i++) {
      const { sentence, mayThreaten } = lines[i] as ReadLine;
      if (!mayThreaten) continue;
      const threat = threatIn(sentence, surroundings(lines, i));
      if (threat === null) continue;
      const adversary = adversaryOf(lines, i, threat);
      if (adversary === null || (!predicts && isFramed(lines, sentence))) continue;
      const quote = threat.words.slice(0, LONGEST_QUOTE);
      return { reason: `hazard policy: the ${what} has an adversary ("${adversary}") of existential scale ("${quote}")`, words: [adversary, threat.words] };
    }
  }
  return null;
}

/** A sentence, and whether it may be a threat whatever stands around it. */
interface ReadLine extends Line {
  mayThreaten: boolean;
}

/** What each text was read as: a revision leaves most of a plan's texts as they were. */
const read = new Recent<Omit<ReadLine, 'own'>[][]>(2_000_000);
const WORST: Surroundings = { deadly: true, armed: true, hostile: true };

function readText(text: string): Omit<ReadLine, 'own'>[][] {
  const known = read.get(text);
  if (known !== undefined) return known;
  const readings = sentencesOf(text).map((sentences) =>
    sentences.map((whole) => {
      const sentence = HARMLESS.removedFrom(whole);
      // worse surroundings only ever add threats
      return { sentence, mayThreaten: threatIn(sentence, WORST) !== null };
    }),
  );
  read.set(text, readings, text.length);
  return readings;
}

/** The passages' sentences, once for each reading of what is ambiguous. */
function readingsOf(passages: readonly Passage[]): ReadLine[][] {
  const readings = passages.map(({ text, own }) => readText(text).map((lines) => lines.map((line) => ({ ...line, own }))));
  const all = (readings[0] ?? []).map((_, reading) => readings.flatMap((passage) => passage[reading] ?? []));
  // most texts leave nothing ambiguous
  return all.filter((lines, i) => all.findIndex((other) => reads(other) === reads(lines)) === i);
}

function reads(lines: readonly Line[]): string {
  return lines.map(({ sentence }) => sentence).join('\n');
}

function surroundings(lines: readonly Line[], i: number): Surroundings {
  const around = (reach: number) => lines.slice(Math.max(0, i - reach), i + reach + 1).map(({ sentence }) => sentence);
  return {
    get deadly() {
      return around(REACH_SENTENCES).some((sentence) => MEANS.has(sentence));
    },
    get armed() {
      return around(REACH_SENTENCES).some((sentence) => WEAPONS.has(sentence));
    },
    get hostile() {
      return around(1).some((sentence) => hostileIn(sentence) !== null);
    },
  };
}
