/** Half the width of a 95 % interval of a mean, in standard errors. */
const Z95 = 1.959964;

/** @param {number[]} values */
export function moments(values) {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const sd = n > 1 ? Math.sqrt(squares / (n - 1)) : 0;
  return { n, mean, sd, half95: (Z95 * sd) / Math.sqrt(n) };
}

/**
 * Exact world value of each situation's draft and of its last version on the main line, and the gain from one to the other. The
 * gain is paired: the same situations on both sides, converged or not.
 * @param {Pick<import('../schemas/rows.ts').DataRow, 'situation_index' | 'branch' | 'revision' | 'is_final' | 'log_reward'>[]} rows
 */
export function gainOf(rows) {
  const main = rows.filter((row) => row.branch === 'main');
  const finals = new Map(main.filter((row) => row.is_final).map((row) => [row.situation_index, row.log_reward]));
  const pairs = main
    .filter((row) => row.revision === 0)
    .map((row) => /** @type {const} */ ([row.log_reward, finals.get(row.situation_index) ?? null]))
    .filter((pair) => pair[0] !== null && pair[1] !== null);
  const values = /** @type {[number, number][]} */ (pairs);
  return { draft: moments(values.map(([draft]) => draft)), final: moments(values.map(([, final]) => final)), gain: moments(values.map(([draft, final]) => final - draft)) };
}

/**
 * 95 % Wilson score interval of a share of `right` among `n` > 0 trials. Source: Wilson 1927, JASA 22, 209-212.
 * @param {number} right
 * @param {number} n
 * @returns {[number, number]}
 */
export function wilson(right, n) {
  const share = right / n;
  const shrink = 1 + Z95 ** 2 / n;
  const centre = (share + Z95 ** 2 / (2 * n)) / shrink;
  const half = (Z95 * Math.sqrt((share * (1 - share)) / n + Z95 ** 2 / (4 * n ** 2))) / shrink;
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** @param {number[]} values Not empty. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (/** @type {number} */ i) => sorted[Math.floor(i)] ?? Number.NaN;
  return (at((sorted.length - 1) / 2) + at(sorted.length / 2)) / 2;
}

/**
 * Mean exact value of the main line's versions 0 to `last`, each situation keeping its last version: every row has the same situations.
 * @param {Pick<import('../schemas/rows.ts').DataRow, 'situation_index' | 'branch' | 'revision' | 'log_reward'>[]} rows
 * @param {number} last
 */
export function carriedForward(rows, last) {
  /** @type {Map<number, number[]>} */
  const lines = new Map();
  for (const { situation_index: index, branch, revision, log_reward: value } of rows) {
    if (branch !== 'main' || value === null) continue;
    const line = lines.get(index) ?? [];
    line[revision] = value;
    lines.set(index, line);
  }
  return Array.from({ length: last + 1 }, (_, version) => moments([...lines.values()].map((line) => line[Math.min(version, line.length - 1)] ?? Number.NaN)));
}
