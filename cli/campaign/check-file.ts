import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { PRICES_DATE } from '../../activities/prices.ts';
import { priceOf } from '../../activities/pricing.ts';
import { checkProvider, readCampaignSource, type CampaignSource } from '../../infra/campaign-source.ts';
import type { Config } from '../../infra/config.ts';
import { anthropicClient } from '../../infra/model-anthropic.ts';
import { identifyProvider, probeStructured, type Provider } from '../../infra/provider.ts';
import { S3Store } from '../../infra/store-s3.ts';
import { connectTemporal } from '../../infra/temporal.ts';
import { campaignKey } from '../../schemas/keys.ts';
import { QUEUES } from '../../workflows/messages.ts';
import { faultOf } from '../errors.ts';
import { counted, dollars } from '../figures.ts';
import { configured } from '../environment.ts';

export interface CheckFinding {
  what: string;
  ok: boolean;
  /** What was found, or how to mend it. */
  says: string;
}

/** Key that the check of conditional puts writes, once a bucket. */
const CHECK_KEY = 'objects/check';

/** Checks in the order in which things are needed. A broken file is a usage error; everything later becomes a finding. */
export async function checkFile(path: string): Promise<CheckFinding[]> {
  const source = readCampaignSource(path);
  const { file, listing, chapters, agents } = source;
  const findings: CheckFinding[] = [
    { what: 'file', ok: true, says: `${counted(listing.situations.length, 'situation')} (${counted(listing.duplicates, 'duplicate')} dropped), ${counted(Object.keys(agents).length, 'agent')}, ${counted(chapters.length, 'chapter')}` },
  ];
  const config = configured();
  const check = async (what: string, work: () => Promise<string>): Promise<boolean> => {
    try {
      findings.push({ what, ok: true, says: await work() });
      return true;
    } catch (error) {
      findings.push({ what, ok: false, says: faultOf(error).message });
      return false;
    }
  };
  await check('Temporal', () => checkTemporal(config));
  await check('S3', () => checkStore(config, file.name));
  let provider: Provider | null = null;
  await check('model', async () => {
    provider = await identifyProvider(config.model);
    return await callModel(config, source, provider);
  });
  await check('price', () => Promise.resolve(priceLine(source)));
  const found = provider as Provider | null;
  if (found !== null) {
    await check('structured output', async () => ROUTES[(await probeStructured(config.model, found, file.model.name)).structured]);
    await check('budget', () => {
      checkProvider(source, found);
      return Promise.resolve(file.budget === undefined ? 'none needed: the model is simulated' : dollars(file.budget));
    });
  }
  return findings;
}

const ROUTES = {
  schema: 'by JSON Schema',
  tool: 'by a forced tool call (the server has no structured output)',
  text: 'by words alone: expect repairs (the server takes neither a schema nor a forced tool call)',
};

async function checkTemporal(config: Config): Promise<string> {
  const client = await connectTemporal(config);
  try {
    await client.workflow.getHandle('exemplar-check').describe().catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    });
    const idle: string[] = [];
    for (const queue of [QUEUES.orchestrate, QUEUES.llm, QUEUES.io]) if (!(await isPolled(client, queue))) idle.push(queue);
    const workers = idle.length === 0 ? 'workers poll every queue' : `no worker polls ${idle.join(', ')} yet: \`exemplar up\` or \`exemplar worker\` starts one`;
    return `${config.temporal.address}, namespace ${config.temporal.namespace}; ${workers}`;
  } finally {
    await client.connection.close();
  }
}

async function isPolled({ workflowService, options: { namespace } }: Client, name: string): Promise<boolean> {
  const type = name === QUEUES.orchestrate ? 1 : 2; // TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY
  const { pollers } = await workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType: type });
  return pollers.length > 0;
}

/** A second conditional put of the same key must be refused: nothing is paid twice only where this holds. */
async function checkStore(config: Config, name: string): Promise<string> {
  const store = new S3Store(config.s3);
  await store.putIfAbsent(CHECK_KEY, 'exemplar');
  if (await store.putIfAbsent(CHECK_KEY, 'exemplar')) throw new Error(`${store.describe()} ignores If-None-Match: use AWS S3, versitygw, MinIO or another store with conditional puts`);
  const exists = (await store.get(campaignKey(name))) !== null;
  return `${store.describe()}, conditional puts hold; campaign "${name}" ${exists ? 'exists: run goes on with it' : 'is new'}`;
}

async function callModel(config: Config, { file }: CampaignSource, provider: Provider): Promise<string> {
  const message = await anthropicClient({ ...config.model, timeoutMs: 60_000 }).messages.create({
    model: file.model.name,
    max_tokens: 1,
    messages: [{ role: 'user', content: 'Answer with one word.' }],
  });
  const usage = message.usage as Partial<typeof message.usage> | undefined;
  const cache = usage?.cache_read_input_tokens === undefined ? 'its usage has no cache fields: cached prices cannot be counted' : 'its usage has cache fields';
  const who = provider.simulated === null ? `at ${provider.origin}` : `SIMULATED (law ${provider.simulated.slice(0, 12)})`;
  return `${message.model} ${who} answers a call of one token; ${cache}`;
}

function priceLine({ file }: CampaignSource): string {
  const price = priceOf(file.model);
  if (price === null) throw new Error(`the table of ${PRICES_DATE} does not know "${file.model.name}": give model.price (inputPerMTok, outputPerMTok, cacheWritePerMTok, cacheReadPerMTok in USD)`);
  const source = file.model.price === undefined ? `table of ${PRICES_DATE}` : "the file's own";
  return `${dollars(price.inputPerMTok)} in, ${dollars(price.outputPerMTok)} out, ${dollars(price.cacheWritePerMTok)} cache write, ${dollars(price.cacheReadPerMTok)} cache read a million tokens (${source})`;
}
