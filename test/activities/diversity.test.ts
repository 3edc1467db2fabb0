import { describe, expect, test } from 'vitest';
import { isSimilar, meanDistance, shinglesOf, similarity } from '../../activities/diversity.ts';

const TEXTS = [
  'The rover stands at Aldo with 120 of 400 Wh in its battery.',
  'The rover stands at Aldo with 120 of 410 Wh in its battery.',
  'A ferry has run aground below the mill, and its cargo of seed is getting wet.',
  'Ein Fährschiff liegt unter der Mühle auf Grund.',
  'abc',
  '',
];

/** Jaccard by its definition, over sets of substrings. */
function jaccard(a: string, b: string): number {
  const set = (text: string) => {
    const words = text.toLowerCase().replaceAll(/[^a-zäöü0-9]+/g, ' ').trim();
    return new Set(words.length < 5 ? [words] : Array.from({ length: words.length - 4 }, (_, i) => words.slice(i, i + 5)));
  };
  const [x, y] = [set(a), set(b)];
  const both = [...x].filter((shingle) => y.has(shingle)).length;
  return both / (x.size + y.size - both);
}

const pairs = TEXTS.flatMap((a, i) => TEXTS.slice(i).map((b): [string, string] => [a, b]));

describe('the similarity of two texts', () => {
  test.each(pairs)('is that of their sets of five-character pieces: %j and %j', (a, b) => {
    expect(similarity(shinglesOf(a), shinglesOf(b))).toBeCloseTo(jaccard(a, b), 12);
  });

  test.each(pairs)('is compared with a threshold as if it were computed in full: %j and %j', (a, b) => {
    const [x, y] = [shinglesOf(a), shinglesOf(b)];
    for (const threshold of [0.01, 0.3, 0.6, 0.99, 1, similarity(x, y)]) {
      if (threshold > 0) expect(isSimilar(x, y, threshold)).toBe(jaccard(a, b) >= threshold);
    }
  });

  test('does not depend on case, punctuation, spacing or width of characters', () => {
    const plain = shinglesOf('At the mill: 40 sacks, wet.');
    expect(shinglesOf('AT  THE MILL\n40 sacks wet')).toEqual(plain);
    expect(shinglesOf('Ａｔ the mill, ４０ sacks wet')).toEqual(plain);
  });
});

describe('the mean distance', () => {
  test('is the mean over all pairs', () => {
    const distances = TEXTS.flatMap((a, i) => TEXTS.slice(i + 1).map((b) => 1 - jaccard(a, b)));
    expect(meanDistance(TEXTS.map(shinglesOf))).toBeCloseTo(distances.reduce((sum, each) => sum + each, 0) / distances.length, 12);
  });

  test('does not exist without a pair', () => {
    expect(meanDistance([])).toBeNull();
    expect(meanDistance([shinglesOf('alone')])).toBeNull();
  });

  test('of very many texts is measured on a sample that does not depend on their order', () => {
    const many = Array.from({ length: 1_200 }, (_, i) => shinglesOf(`${i * 7919} ${i % 3 === 0 ? 'barley' : 'granite'}`));
    expect(meanDistance(many.toReversed())).toBeCloseTo(meanDistance(many) as number, 12);
  });
});
