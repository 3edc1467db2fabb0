import type { CampaignRecord } from '../schemas/records.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { WrongProvider } from './failures.ts';

export interface OwnCampaignPorts {
  reader: CampaignReader;
  /** Identity of the provider that this worker calls. */
  provider: () => Promise<string>;
}

/** A campaign that this worker may make calls for. @throws WrongProvider where it has another model than the campaign. */
export async function ownCampaign({ reader, provider }: OwnCampaignPorts, name: string): Promise<CampaignRecord> {
  const campaign = await reader.campaign(name);
  const own = await provider();
  if (own !== campaign.provider) throw new WrongProvider(`campaign "${name}" is for the model ${campaign.provider}, and this worker has ${own}: start it with that one`);
  return campaign;
}
