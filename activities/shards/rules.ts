import type { Splits } from '../../schemas/campaign.ts';
import type { Merged } from '../../schemas/manifest.ts';
import type { CampaignRecord } from '../../schemas/records.ts';

/** What labels, splits and the column `campaign` are checked by. */
export interface Rules {
  splits: Splits;
  seed: number;
  /** Relative change of a characteristic that counts as material, by situation index; null where the index is nobody's. */
  tolerance(index: number): number | null;
  /** The campaign that a situation's versions were made in. */
  campaign(index: number): string | null;
}

export function campaignRules({ name, file, actor }: CampaignRecord): Rules {
  return { splits: file.splits, seed: file.seed, tolerance: () => actor.tolerance, campaign: () => name };
}

export function mergedRules({ sources, splits, seed }: Merged): Rules {
  const at = (index: number) => sources.find(({ from, to }) => from <= index && index < to);
  return { splits, seed, tolerance: (index) => at(index)?.tolerance ?? null, campaign: (index) => at(index)?.campaign ?? null };
}
