import { describe, expect, it } from 'vitest';
import { decontaminate, situationText, type SituationText } from '../../../activities/curation/decontaminate.ts';
import { nearDuplicates, type NamedText } from '../../../activities/curation/near-duplicates.ts';
import { wordShingles, wordsOf } from '../../../activities/curation/shingles.ts';
import { worldNamed } from '../../../worlds/index.ts';
import { pick, rngOf } from '../../../worlds/rng.ts';

const known = new Map<string, Set<string>>();

/** The runs of three words of a text, as strings. */
function runs(text: string): Set<string> {
  let found = known.get(text);
  if (found === undefined) {
    const words = text.normalize('NFKC').toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
    found = new Set(words.length < 3 ? (words.length === 0 ? [] : [words.join(' ')]) : words.slice(2).map((_, i) => words.slice(i, i + 3).join(' ')));
    known.set(text, found);
  }
  return found;
}

/** Jaccard similarity over runs of three words, by the definition. */
function jaccard(a: string, b: string): number {
  const [x, y] = [runs(a), runs(b)];
  let both = 0;
  for (const run of x) if (y.has(run)) both += 1;
  return both === 0 ? 0 : both / (x.size + y.size - both);
}

/** The same greedy choice with every pair compared. */
function bruteForce(texts: readonly NamedText[], threshold: number) {
  const kept: NamedText[] = [];
  return texts.flatMap((each) => {
    const like = kept.map((other) => ({ of: other.id, similarity: jaccard(each.text, other.text) })).filter(({ similarity }) => similarity >= threshold);
    like.sort((a, b) => b.similarity - a.similarity);
    if (like[0] !== undefined) return [{ id: each.id, ...like[0] }];
    kept.push(each);
    return [];
  });
}

const VOCABULARY = Array.from({ length: 400 }, (_, i) => `w${i}`);

/** Random texts; more than half are earlier ones with a share of their words changed, cut off or moved. */
function planted(seed: string, count: number): NamedText[] {
  const rng = rngOf(seed);
  const texts: string[][] = [];
  for (let i = 0; i < count; i++) {
    const source = i > 5 && rng() < 0.6 ? pick(texts, rng) : Array.from({ length: 5 + Math.floor(rng() * 60) }, () => pick(VOCABULARY, rng));
    const rate = rng() * 0.15;
    const text = source.map((word) => (rng() < rate ? pick(VOCABULARY, rng) : word));
    texts.push(rng() < 0.2 ? text.slice(Math.floor(rng() * 4)) : text);
  }
  return texts.map((words, i) => ({ id: String(i), text: words.join(' ') }));
}

/** Situations of both worlds: much of each is said in the same words as in others. */
const situations = (from: number, count: number): SituationText[] =>
  Array.from({ length: count }, (_, i) => {
    const { initial, target } = worldNamed(i % 2 === 0 ? 'relief' : 'household').situation(from + (i >> 1));
    return { situation_id: `${from + i}`, initial, target };
  });

describe('near-duplicates', () => {
  it.each([0.5, 0.7, 0.8, 0.9, 1])('are those that comparing every pair finds, among random texts with changed copies (threshold %d)', (threshold) => {
    const texts = planted(`texts ${threshold}`, 300);
    const truth = bruteForce(texts, threshold);
    expect(truth.length).toBeGreaterThan(threshold === 1 ? 5 : 30);
    expect(nearDuplicates(texts, threshold)).toEqual(truth);
  });

  it.each([0.4, 0.6, 0.8])("are those that comparing every pair finds, among situations of the worlds, which share much (threshold %d)", (threshold) => {
    const texts = situations(0, 200).map((each) => ({ id: each.situation_id, text: situationText(each) }));
    expect(nearDuplicates(texts, threshold)).toEqual(bruteForce(texts, threshold));
  });

  it('have the similarity that the changed words leave', () => {
    const words = Array.from({ length: 102 }, (_, i) => `word${i}`);
    const changed = (...places: number[]) => words.map((word, i) => (places.includes(i) ? 'other' : word)).join(' ');
    const original = { id: 'a', text: words.join(' ') };
    // one word within spoils three of a hundred runs, one at an end one
    for (const [text, similarity] of [[changed(50), 97 / 103], [changed(0), 99 / 101], [changed(20, 40, 60), 91 / 109]] as const) {
      expect(nearDuplicates([original, { id: 'b', text }], 0.8)).toEqual([{ id: 'b', of: 'a', similarity }]);
    }
    // 88 of 112 runs: below
    expect(nearDuplicates([original, { id: 'b', text: changed(10, 30, 50, 70) }], 0.8)).toEqual([]);
  });

  it('do not depend on case, punctuation or width, and every script has words', () => {
    expect(wordsOf('At the Mill: ４０ sacks (wet)')).toEqual(['at', 'the', 'mill', '40', 'sacks', 'wet']);
    const [chinese, changed] = ['磨坊里有四十袋面粉它们都湿了需要在天黑之前晾干', '磨坊里有四十袋面粉它们都湿了需要在天黑之前晾好'];
    expect(nearDuplicates([{ id: 'a', text: chinese }, { id: 'b', text: changed }])).toEqual([{ id: 'b', of: 'a', similarity: 20 / 22 }]);
    expect(nearDuplicates([{ id: 'a', text: 'wait' }, { id: 'b', text: 'Wait.' }, { id: 'c', text: '...' }, { id: 'd', text: '' }])).toEqual([{ id: 'b', of: 'a', similarity: 1 }]);
    expect(wordShingles('')).toHaveLength(0);
  });
});

describe('decontaminate', () => {
  it('finds the training situations that comparing every pair finds', () => {
    const [training, heldOut] = [situations(0, 200), situations(120, 80)];
    // paraphrases: a sentence more, a word changed
    const paraphrased = heldOut.slice(0, 10).map((each, i) => ({ ...each, situation_id: `p${i}`, initial: i % 2 === 0 ? `${each.initial} It is noon.` : each.initial.replace(/ (is|are|has) /, ' seems ') }));
    for (const threshold of [0.6, 0.8]) {
      const found = decontaminate([...training, ...paraphrased], heldOut, threshold);
      const truth = [...training, ...paraphrased].flatMap((each) => {
        const best = Math.max(...heldOut.map((other) => jaccard(situationText(each), situationText(other))));
        return best >= threshold ? [[each.situation_id, best] as const] : [];
      });
      expect([...found].map(([id, { similarity }]) => [id, similarity])).toEqual(truth);
      expect(paraphrased.every(({ situation_id }) => found.has(situation_id))).toBe(true);
    }
  });

  it('says why', () => {
    const one = { situation_id: 'f'.repeat(64), initial: 'The pump stands still.', target: 'The pump runs.' };
    expect(decontaminate([{ ...one, situation_id: 't' }], [one])).toEqual(new Map([['t', { heldOut: 'f'.repeat(64), similarity: 1, reason: 'resembles the held-out situation ffffffffffff (similarity 1.00)' }]]));
    expect(decontaminate([one], [])).toEqual(new Map());
  });
});
