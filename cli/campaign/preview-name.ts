import { keptFields } from '../../infra/kept-fields.ts';
import type { CampaignFile } from '../../schemas/campaign.ts';
import { contentHash } from '../../schemas/canonical.ts';
import type { CampaignRecord } from '../../schemas/records.ts';

const PREVIEW = /-preview-[0-9a-f]{8}$/;
/** Campaign names have at most 63 characters, 17 of which the ending takes. */
const LONGEST_STEM = 46;

/** Previews live beside campaigns, under names that change with what they preview: `count` situations, and all that no campaign may change. */
export function previewName(file: CampaignFile, parts: CampaignRecord['parts'], count: number): string {
  return `${previewPrefix(file.name)}${contentHash({ parts, count, kept: keptFields(file) }).slice(0, 8)}`;
}

/** What the names of all previews of a campaign begin with. */
export function previewPrefix(campaign: string): string {
  return `${campaign.slice(0, LONGEST_STEM)}-preview-`;
}

/** Lists leave previews out. */
export function isPreview(name: string): boolean {
  return PREVIEW.test(name);
}
