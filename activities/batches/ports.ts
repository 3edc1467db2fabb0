import type { CampaignRecord } from '../../schemas/records.ts';
import type { CampaignReader } from '../campaign-reader.ts';
import type { Outages } from '../outages.ts';
import type { BatchDesk } from './desk.ts';
import type { Intents } from './intents.ts';
import type { BatchProvider } from './provider.ts';

export interface BatchPorts {
  reader: CampaignReader;
  /** Identity of the provider that `batches` asks. */
  provider: () => Promise<string>;
  batches: BatchProvider;
  desk: BatchDesk;
  outages: Outages;
}

/** What every dealing with one campaign's batches needs. */
export interface Bench extends BatchPorts {
  campaign: CampaignRecord;
  intents: Intents;
}
