import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Config } from './config.ts';

const { IndexedValueType } = proto.temporal.api.enums.v1;
const KEYWORD = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
const INT = IndexedValueType.INDEXED_VALUE_TYPE_INT;
const DOUBLE = IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE;

const ATTRIBUTES = { ExemplarCampaign: KEYWORD, ExemplarOutcome: KEYWORD, ExemplarRounds: INT, ExemplarCost: DOUBLE, ExemplarLevel: KEYWORD };

const CONNECT_TIMEOUT_MS = 5_000;

/** A client of the configured Temporal service. @throws Error with one line naming the address when it cannot be reached. */
export async function connectTemporal(config: Config): Promise<Client> {
  const { address, namespace } = config.temporal;
  try {
    const connection = await Connection.connect({ address, connectTimeout: CONNECT_TIMEOUT_MS });
    return new Client({ connection, namespace });
  } catch (error) {
    throw new Error(`cannot reach Temporal at ${address}: is it running? (\`exemplar up\` starts a local one)`, { cause: error });
  }
}

/** Registers the custom search attributes that are missing. */
export async function ensureSearchAttributes(client: Client): Promise<void> {
  const { namespace } = client.options;
  const known = await client.connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(ATTRIBUTES).filter(([name]) => known.customAttributes?.[name] === undefined);
  if (missing.length > 0) await client.connection.operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing) });
}
