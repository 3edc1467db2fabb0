import type { Client } from '@temporalio/client';
import { CampaignReader } from '../activities/campaign-reader.ts';
import type { Config } from '../infra/config.ts';
import { S3Store } from '../infra/store-s3.ts';
import { connectTemporal } from '../infra/temporal.ts';
import { NotConfigured, UsageError } from '../infra/usage-error.ts';
import { configured } from './environment.ts';
import { faultOf } from './errors.ts';

/** What a look at a campaign needs: S3, and Temporal where it can be reached. */
export interface Outlook {
  config: Config;
  store: S3Store;
  reader: CampaignReader;
  /** A string says, in a line, why there is none. */
  client: Client | string;
}

/** The services that a verb works with. */
export interface Session extends Outlook {
  client: Client;
}

/** Runs work with the configured services, or those of `config`, and closes what it opened. */
export async function withSession<T>(work: (session: Session) => Promise<T>, config: Config = configured()): Promise<T> {
  const client = await connectTemporal(config);
  return await closing(client, () => work({ ...storeOf(config), client }));
}

/** The same where Temporal need not be there: what S3 holds can be seen without it. */
export async function withOutlook<T>(work: (outlook: Outlook) => Promise<T>, config: Config = configured()): Promise<T> {
  const parts = storeOf(config);
  const client = await connecting(config);
  return typeof client === 'string' ? await work({ ...parts, client }) : await closing(client, () => work({ ...parts, client }));
}

function storeOf(config: Config): Omit<Outlook, 'client'> {
  const store = new S3Store(config.s3);
  return { config, store, reader: new CampaignReader(store) };
}

async function connecting(config: Config): Promise<Client | string> {
  try {
    return await connectTemporal(config);
  } catch (error) {
    // a variable that is wrong is not the same as a server that is away
    if (error instanceof UsageError && !(error instanceof NotConfigured)) throw error;
    return faultOf(error).message;
  }
}

async function closing<T>(client: Client, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await client.connection.close();
  }
}
