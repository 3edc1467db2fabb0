import { sha256Hex } from '../../schemas/canonical.ts';
import { SPLITS, type Split, type Splits } from '../../schemas/campaign.ts';

/** 48 bits of the hash: exact in a double. */
const DIGITS = 12;

/** The split of a whole family of situations: a hash of seed and root decides, so that no family straddles and none moves later. */
export function splitOf(rootId: string, shares: Splits, seed: number): Split {
  const point = parseInt(sha256Hex(`${seed} ${rootId}`).slice(0, DIGITS), 16) / 16 ** DIGITS;
  const open = SPLITS.filter((split) => shares[split] > 0);
  let end = 0;
  for (const split of open) {
    end += shares[split];
    if (point < end) return split;
  }
  // shares may sum to a hair below 1
  return open.at(-1) as Split;
}
