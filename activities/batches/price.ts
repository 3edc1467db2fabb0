import type { Price } from '../../schemas/campaign.ts';
import type { CampaignRecord } from '../../schemas/records.ts';
import { priceOf } from '../prices.ts';

/** What calls in batches are booked at: the full price where nobody has said how much less they cost. */
export function batchPriceOf(campaign: CampaignRecord): Price | null {
  return priceOf(campaign, 'batch') ?? priceOf(campaign);
}
