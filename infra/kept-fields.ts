import type { CampaignFile } from '../schemas/campaign.ts';

/** Fields beside the fingerprint's parts that a campaign keeps: they say how it runs and is paid, not what comes of it. */
export function keptFields({ compression, model, patience }: CampaignFile): Record<string, unknown> {
  return { compression, 'model.price': model.price ?? null, 'model.cacheTtl': model.cacheTtl, patience };
}
