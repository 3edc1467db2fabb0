import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { PRICES_DATE } from '../activities/prices.ts';
import { priceOf } from '../activities/pricing.ts';
import { AgentSpec } from '../schemas/agent.ts';
import { CampaignFile } from '../schemas/campaign.ts';
import { contentHash, sha256Hex } from '../schemas/canonical.ts';
import type { CampaignRecord } from '../schemas/records.ts';
import { libraryFolder, readLibrary, type Chapter } from './library.ts';
import { packageRoot } from './package-root.ts';
import type { Provider } from './provider.ts';
import { readFileAs } from './read-file.ts';
import { listSituations, type Listing } from './situations.ts';
import { UsageError } from './usage-error.ts';
import { WORLDS } from '../worlds/index.ts';

/** A campaign as its user's files have it. */
export interface CampaignSource {
  path: string;
  file: CampaignFile;
  agents: Record<string, AgentSpec>;
  chapters: Chapter[];
  prompts: Record<string, string>;
  listing: Listing;
}

/** Reads and checks a campaign file and all it names. @throws UsageError, one line. */
export function readCampaignSource(path: string): CampaignSource {
  const file = readFileAs(path, CampaignFile);
  const folder = dirname(resolve(path));
  const agents: Record<string, AgentSpec> = {};
  for (const agentPath of file.agents) {
    const agent = readFileAs(resolve(folder, agentPath), AgentSpec);
    agents[agent.name] = agent;
  }
  const { chapters } = readLibrary(resolve(folder, libraryFolder(file.library.path)));
  const situationsPath = file.situations.from === 'file' ? resolve(folder, file.situations.file) : '';
  return { path, file, agents, chapters, prompts: readPrompts(), listing: listSituations(path, file, situationsPath, agents) };
}

function readPrompts(): Record<string, string> {
  const folder = join(packageRoot, 'activities', 'prompts');
  return Object.fromEntries(readdirSync(folder).sort().map((name) => [basename(name, '.md'), readFileSync(join(folder, name), 'utf8')]));
}

/**
 * The simulated model knows nothing but its worlds; a campaign that costs money needs a cap, and a price to hold it by.
 * @throws UsageError, one line.
 */
export function checkProvider({ path, file, listing }: CampaignSource, provider: Provider): void {
  if (provider.simulated !== null) {
    const stranger = listing.situations.find((situation) => situation.world === null);
    if (stranger === undefined) return;
    throw new UsageError(`${path}: situations: number ${stranger.index} belongs to no world, and the simulated model at ${provider.origin} plays only situations of a world (${Object.keys(WORLDS).join(', ')}); set ANTHROPIC_API_KEY or ANTHROPIC_BASE_URL for others`);
  }
  if (file.budget === undefined) throw new UsageError(`${path}: budget: required, because the model at ${provider.origin} is not simulated; give the most you would spend, in USD`);
  if (priceOf(file.model) === null) {
    throw new UsageError(`${path}: model.price: required, because the price table of ${PRICES_DATE} does not know "${file.model.name}"; give inputPerMTok, outputPerMTok, cacheWritePerMTok and cacheReadPerMTok in USD`);
  }
}

/**
 * What makes two runs the same, part by part: a refusal can name the one that differs. Count, concurrency, budget and patience
 * are left out: they may change while a campaign runs.
 */
export function fingerprintParts({ file, agents, chapters, prompts, listing }: CampaignSource, provider: Provider, structured: string, writer: CampaignRecord['writer']): CampaignRecord['parts'] {
  const source = file.situations.from === 'world' ? { ...file.situations, count: undefined } : { from: 'file', first: listing.situations.map((situation) => situation.id) };
  return {
    situations: file.situations.from === 'world' ? contentHash(JSON.parse(JSON.stringify(source))) : contentHash(source),
    agents: contentHash(agents),
    library: contentHash(chapters.map(({ textbook, title, chapter, sha256 }) => ({ textbook, title, chapter, sha256 }))),
    prompts: contentHash(Object.fromEntries(Object.entries(prompts).map(([name, text]) => [name, sha256Hex(text)]))),
    provider: provider.identity,
    structured,
    model: contentHash({ name: file.model.name, maxOutputTokens: file.model.maxOutputTokens }),
    actor: contentHash(file.actor),
    pageSize: String(file.pageSize),
    splits: contentHash(file.splits),
    seed: `${file.seed}.${file.sample}`,
    writer: `${writer.version}/${writer.codec}`,
  };
}
