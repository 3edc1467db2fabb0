import { WorkflowNotFoundError } from '@temporalio/client';
import { readBudget } from '../../activities/budget.ts';
import { gridOf } from '../../activities/grid.ts';
import { quoteSource } from '../../activities/prices.ts';
import { cacheWritePrice } from '../../activities/pricing.ts';
import { checkProvider, readCampaignSource, type CampaignSource } from '../../infra/campaign-source.ts';
import type { Config } from '../../infra/config.ts';
import { probeCapabilities, type Capabilities } from '../../infra/capabilities.ts';
import { identifyProvider, type Provider } from '../../infra/provider.ts';
import { S3Store } from '../../infra/store-s3.ts';
import { openTools } from '../../infra/tools/index.ts';
import { connectTemporal } from '../../infra/temporal.ts';
import { campaignKey } from '../../schemas/keys.ts';
import { faultOf } from '../errors.ts';
import { count, counted, dollars } from '../figures.ts';
import { configured, priceTable } from '../environment.ts';
import { capLine } from './cap.ts';
import { capabilityLines, modelLine } from './capability-lines.ts';
import { pollingLine } from './polling.ts';

export interface CheckFinding {
  what: string;
  ok: boolean;
  /** What was found, or how to mend it. */
  says: string;
}

export interface CheckResult {
  findings: CheckFinding[];
  /** What the model's server can do; null where it did not answer. */
  capabilities: Capabilities | null;
}

/** Key that the check of conditional puts writes, once a bucket. */
const CHECK_KEY = 'objects/check';

/** Checks in the order in which things are needed. A broken file is a usage error; everything later becomes a finding. */
export async function checkFile(path: string): Promise<CheckResult> {
  const source = await readCampaignSource(path, priceTable());
  const { file, chapters, agents } = source;
  const findings: CheckFinding[] = [
    { what: 'file', ok: true, says: `${situationsFound(source)}, ${counted(Object.keys(agents).length, 'agent')}, ${counted(chapters.length, 'chapter')}` },
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
  let capabilities: Capabilities | null = null;
  await check('model', async () => {
    provider = await identifyProvider(config.model);
    capabilities = await probeCapabilities(config.model, provider, file.model);
    return modelLine(capabilities, provider);
  });
  const [found, shown] = [provider as Provider | null, capabilities as Capabilities | null];
  if (shown !== null) {
    findings.push(...capabilityLines(shown).map((line) => ({ ...line, ok: true })));
    if (file.model.mode === 'batch') await check('model.mode', () => Promise.resolve(modeLine(shown)));
    await check('model.maxOutputTokens', () => Promise.resolve(outputLine(source, shown.outputTokens)));
  }
  if (file.tools.length > 0) await check('tools', () => checkTools(source));
  await check('price', () => Promise.resolve(priceLine(source)));
  if (found !== null) {
    await check('budget', async () => {
      const budget = await readBudget(new S3Store(config.s3));
      checkProvider(source, found, budget.cap !== null);
      const own = file.budget === undefined ? (budget.cap === null ? 'none needed: the model is simulated' : 'none of its own') : dollars(file.budget);
      return budget.cap === null ? own : `${own}; ${capLine(budget)}`;
    });
  }
  return { findings, capabilities: shown };
}

function modeLine({ batches }: Capabilities): string {
  if (batches === 'no') throw new Error('batch: the server has no batches; allowed: interactive');
  return batches === 'yes' ? 'batch: answered within a day' : 'batch: whether the server has batches is unknown';
}

function outputLine({ file: { model } }: CampaignSource, most: number | null): string {
  if (most === null) return `${count(model.maxOutputTokens)}; the most that the server allows is not stated`;
  if (model.maxOutputTokens > most) throw new Error(`${model.maxOutputTokens} is more than the server allows for "${model.name}"; allowed: 256 to ${most}`);
  return `${count(model.maxOutputTokens)} of the ${count(most)} that the server allows`;
}

/** How many there are, or will be. */
function situationsFound({ file: { situations }, agents, listing }: CampaignSource): string {
  if (situations.from === 'campaign') return `situations from the plans of campaign "${situations.campaign}", its actions at ${situations.level}`;
  if (situations.from === 'imagine') return `${counted(situations.count, 'situation')} to be imagined over ${counted(gridOf(situations, Object.keys(agents)).length, 'cell')}`;
  return `${counted(listing.situations.length, 'situation')} (${counted(listing.duplicates, 'duplicate')} dropped)`;
}

/** Opens every tool once, MCP servers included. */
async function checkTools({ file }: CampaignSource): Promise<string> {
  const open = await openTools(file.tools, process.cwd());
  await open.close();
  return open.tools.map(({ name }) => name).join(', ');
}

async function checkTemporal(config: Config): Promise<string> {
  const client = await connectTemporal(config);
  try {
    await client.workflow.getHandle('exemplar-check').describe().catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    });
    return `${config.temporal.address}, namespace ${config.temporal.namespace}; ${await pollingLine(client)}`;
  } finally {
    await client.connection.close();
  }
}

/** A second conditional put of the same key must be refused: nothing is paid twice only where this holds. */
async function checkStore(config: Config, name: string): Promise<string> {
  const store = new S3Store(config.s3);
  await store.putIfAbsent(CHECK_KEY, 'exemplar');
  if (await store.putIfAbsent(CHECK_KEY, 'exemplar')) throw new Error(`${store.describe()} ignores If-None-Match: use AWS S3, versitygw, MinIO or another store with conditional puts`);
  const exists = (await store.get(campaignKey(name))) !== null;
  return `${store.describe()}, conditional puts hold; campaign "${name}" ${exists ? 'exists: run goes on with it' : 'is new'}`;
}

function priceLine({ file, quote }: CampaignSource): string {
  const { price } = quote;
  if (price === null) throw new Error(`the table of ${quote.date} (${quote.source}) does not know "${file.model.name}": give model.price (inputPerMTok, outputPerMTok, cacheWritePerMTok, cacheReadPerMTok in USD), or a table of your own by EXEMPLAR_PRICES`);
  const { inputPerMTok, outputPerMTok, cacheWritePerMTok, cacheReadPerMTok, batchFactor } = price;
  const hour = cacheWritePrice(price, '1h');
  const batch = batchFactor === undefined ? 'price in batches unknown' : `in batches ${batchFactor} of it`;
  return `${dollars(inputPerMTok)} in, ${dollars(outputPerMTok)} out, ${dollars(cacheWritePerMTok)} cache write (${dollars(hour)} for an hour), ${dollars(cacheReadPerMTok)} cache read a million tokens, ${batch} (${quoteSource(quote)})`;
}
