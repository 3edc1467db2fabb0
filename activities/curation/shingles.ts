/** Words of a shingle: enough that unlike texts share few, few enough that a changed word spoils only three. */
const WORDS = 3;

/** Scripts that put no space between words count each character as one. */
const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]|[\p{L}\p{N}\p{M}]+/gu;

/** The words of a text: case, punctuation, spacing and compatibility forms do not count. */
export function wordsOf(text: string): string[] {
  return text.normalize('NFKC').toLowerCase().match(WORD) ?? [];
}

/**
 * The distinct runs of three words of a text as 32-bit hashes, ascending. A text of fewer words is one run; one without a word has none,
 * and resembles nothing.
 */
export function wordShingles(text: string): Uint32Array {
  const words = wordsOf(text).map(hashOf);
  const hashes = new Set<number>();
  for (let at = 0; at === 0 || at + WORDS <= words.length; at++) {
    const run = words.slice(at, at + WORDS);
    if (run.length > 0) hashes.add(run.reduce(mixed, run.length));
  }
  return Uint32Array.from(hashes).sort();
}

/** FNV-1a over UTF-16 code units. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** The finaliser of MurmurHash3 over both: order counts, and every bit spreads. */
function mixed(hash: number, word: number): number {
  let h = (Math.imul(hash, 0x9e3779b1) ^ word) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
