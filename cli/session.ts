import type { Client } from '@temporalio/client';
import { CampaignReader } from '../activities/campaign-reader.ts';
import type { Config } from '../infra/config.ts';
import { S3Store } from '../infra/store-s3.ts';
import { connectTemporal } from '../infra/temporal.ts';
import { configured } from './environment.ts';

/** The services that a verb works with. */
export interface Session {
  config: Config;
  store: S3Store;
  reader: CampaignReader;
  client: Client;
}

/** Runs work with the configured services, or those of `config`, and closes what it opened. */
export async function withSession<T>(work: (session: Session) => Promise<T>, config: Config = configured()): Promise<T> {
  const store = new S3Store(config.s3);
  const client = await connectTemporal(config);
  try {
    return await work({ config, store, reader: new CampaignReader(store), client });
  } finally {
    await client.connection.close();
  }
}
