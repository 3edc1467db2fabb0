/** Characters of a shingle: long enough that unlike texts share few, short enough that a changed word spoils few. */
const SHINGLE = 5;
/** More texts than these are measured by a sample: the mean is over pairs. */
const MEASURED = 1_000;

/** The distinct shingles of a text as 32-bit hashes, ascending. Case, punctuation and spacing do not count. */
export function shinglesOf(text: string): Uint32Array {
  const words = text.normalize('NFKC').toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
  const hashes = new Set<number>();
  for (let at = 0; at === 0 || at + SHINGLE <= words.length; at++) hashes.add(fnv(words, at, Math.min(words.length, at + SHINGLE)));
  return Uint32Array.from(hashes).sort();
}

/** Jaccard similarity in [0, 1]: shingles in both, as a share of those in either. */
export function similarity(a: Uint32Array, b: Uint32Array): number {
  const both = shared(a, b, 0);
  return both / (a.length + b.length - both);
}

/** Whether the similarity is at least `threshold`; gives up as soon as that is out of reach. */
export function isSimilar(a: Uint32Array, b: Uint32Array, threshold: number): boolean {
  const needed = (threshold * (a.length + b.length)) / (1 + threshold);
  if (Math.min(a.length, b.length) < needed) return false;
  const both = shared(a, b, needed);
  // by the definition itself, so that rounding cannot tell otherwise than `similarity`
  return both / (a.length + b.length - both) >= threshold;
}

/**
 * Mean distance (1 - similarity) over all pairs of texts, in [0, 1]; null where there is no pair. Of more than 1,000 texts, those
 * whose first shingles are least stand for all.
 */
export function meanDistance(texts: readonly Uint32Array[]): number | null {
  const measured = texts.length <= MEASURED ? texts : [...texts].sort(byShingles).slice(0, MEASURED);
  if (measured.length < 2) return null;
  let sum = 0;
  for (const [i, a] of measured.entries()) for (const b of measured.slice(0, i)) sum += 1 - similarity(a, b);
  return sum / ((measured.length * (measured.length - 1)) / 2);
}

/** How many shingles are in both; any number below `needed` where that cannot be reached. */
function shared(a: Uint32Array, b: Uint32Array, needed: number): number {
  let [i, j, both] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const [x, y] = [a[i] as number, b[j] as number];
    if (x === y) both += 1;
    if (x <= y) i += 1;
    if (y <= x) j += 1;
    if (both + Math.min(a.length - i, b.length - j) < needed) return both;
  }
  return both;
}

/** FNV-1a over UTF-16 code units. */
function fnv(text: string, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function byShingles(a: Uint32Array, b: Uint32Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number);
  return a.length - b.length;
}
