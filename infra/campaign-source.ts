import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Listing } from '../activities/listing.ts';
import { quoteOf, readPrices } from '../activities/prices.ts';
import { AgentSpec } from '../schemas/agent.ts';
import { CampaignFile, type ImaginedSource } from '../schemas/campaign.ts';
import { contentHash, sha256Hex } from '../schemas/canonical.ts';
import type { PriceTable, Quote } from '../schemas/prices.ts';
import type { CampaignRecord } from '../schemas/records.ts';
import { sketchChapters, type Chapter, type LibraryText } from './library/chapters.ts';
import { selectTexts } from './library/select.ts';
import { libraryFolder, readLibrary } from './library.ts';
import { packageRoot } from './package-root.ts';
import type { Provider } from './provider.ts';
import { readFileAs } from './read-file.ts';
import { listSituations } from './situations.ts';
import { UsageError } from './usage-error.ts';
import { WORLDS } from '../worlds/index.ts';
import { isServed, placedInWorld } from '../worlds/known.ts';

/** A campaign as its user's files have it. */
export interface CampaignSource {
  path: string;
  file: CampaignFile;
  agents: Record<string, AgentSpec>;
  /** The selected texts of the library, whole. */
  texts: LibraryText[];
  /** Their chapters: cut by size alone until the campaign is opened, then by the provider's counts. */
  chapters: Chapter[];
  prompts: Record<string, string>;
  /** What the model costs. */
  quote: Quote;
  listing: Listing;
}

/** Reads and checks a campaign file and all it names; `prices` knows what its model costs. @throws UsageError, one line. */
export async function readCampaignSource(path: string, prices: PriceTable = readPrices()): Promise<CampaignSource> {
  const file = readFileAs(path, CampaignFile);
  const folder = dirname(resolve(path));
  const agents: Record<string, AgentSpec> = {};
  const placed = (field: string, named: string) => {
    const found = resolve(folder, named);
    if (!existsSync(found)) throw new UsageError(`${path}: ${field}: no such file: ${found}`);
    return found;
  };
  for (const [i, agentPath] of file.agents.entries()) {
    const agent = readFileAs(placed(`agents.${i}`, agentPath), AgentSpec);
    agents[agent.name] = agent;
  }
  const library = await readLibrary(placed('library.path', libraryFolder(file.library.path)));
  const texts = selectTexts(path, library.texts, file.library);
  const chapters = sketchChapters(texts, file.library.chapterTokens);
  const situationsPath = file.situations.from === 'file' ? placed('situations.file', file.situations.file) : '';
  return { path, file, agents, texts, chapters, prompts: readPrompts(), quote: quoteOf(file.model, prices), listing: await listSituations(path, file, situationsPath, agents) };
}

function readPrompts(): Record<string, string> {
  const folder = join(packageRoot, 'activities', 'prompts');
  return Object.fromEntries(readdirSync(folder).sort().map((name) => [basename(name, '.md'), readFileSync(join(folder, name), 'utf8')]));
}

/**
 * The simulated model knows nothing but its worlds; a campaign that costs money needs a cap, and a price to hold it by.
 * `capped`: there is a cap over all campaigns of the bucket.
 * @throws UsageError, one line.
 */
export function checkProvider({ path, file, agents, listing, quote }: CampaignSource, provider: Provider, capped = false): void {
  if (provider.simulated !== null) {
    if (file.situations.from === 'imagine') checkGrid(path, file.situations, agents, provider);
    const stranger = listing.situations.find((situation) => placedInWorld(situation) === null);
    if (stranger === undefined) return;
    throw new UsageError(`${path}: situations: number ${stranger.index} belongs to no world, and the simulated model at ${provider.origin} plays only situations of a world (${Object.keys(WORLDS).join(', ')}); set ANTHROPIC_API_KEY or ANTHROPIC_BASE_URL for others`);
  }
  if (file.budget === undefined && !capped) throw new UsageError(`${path}: budget: required, because the model at ${provider.origin} is not simulated; give the most you would spend, in USD, or set a cap over all campaigns (exemplar budget cap=USD)`);
  if (quote.price === null) {
    throw new UsageError(`${path}: model.price: required, because the price table of ${quote.date} (${quote.source}) does not know "${file.model.name}"; give inputPerMTok, outputPerMTok, cacheWritePerMTok and cacheReadPerMTok in USD, or a table of your own by EXEMPLAR_PRICES`);
  }
}

/** What the simulated model imagines it must be able to plan in: said before anything is imagined. */
function checkGrid(path: string, { tasks, horizons }: ImaginedSource, agents: CampaignSource['agents'], { origin }: Provider): void {
  const why = `the simulated model at ${origin} plays only situations of a world (${Object.keys(WORLDS).join(', ')})`;
  if (tasks.includes('predict')) throw new UsageError(`${path}: situations.tasks: give [plan], because ${why}, and no world foretells`);
  for (const agent of Object.keys(agents)) {
    if (!Object.values(WORLDS).some((world) => world.agent === agent)) throw new UsageError(`${path}: agents: "${agent}" has no world, and ${why}; allowed: ${Object.values(WORLDS).map((world) => world.agent).join(', ')}`);
    const [horizon] = horizons.filter((each) => !isServed(agent, each));
    if (horizon !== undefined) throw new UsageError(`${path}: situations.horizons: no world of "${agent}" has situations at ${horizon.join('/')}, and ${why}; give two levels or more, such as hours/days`);
  }
}

/**
 * What makes two runs the same, part by part: a refusal can name the one that differs. Count, concurrency, budget and mode are left out,
 * as they may change while a campaign runs; price, cache time and patience, as the same comes of it whatever they are.
 */
export function fingerprintParts({ file, agents, chapters, prompts, listing }: CampaignSource, provider: Provider, structured: string, writer: CampaignRecord['writer']): CampaignRecord['parts'] {
  return {
    situations: sourceHash(file.situations, listing),
    agents: contentHash(agents),
    library: libraryHash(file.library, chapters),
    prompts: contentHash(Object.fromEntries(Object.entries(prompts).map(([name, text]) => [name, sha256Hex(text)]))),
    provider: provider.identity,
    structured,
    model: contentHash({ name: file.model.name, maxOutputTokens: file.model.maxOutputTokens }),
    actor: contentHash(file.actor),
    tools: contentHash(file.tools),
    pageSize: String(file.pageSize),
    splits: contentHash(file.splits),
    seed: `${file.seed}.${file.sample}`,
    writer: `${writer.version}/${writer.codec}`,
  };
}

/** A world's situations may grow in number, a file's at its end; what is imagined is imagined once. */
function sourceHash(source: CampaignFile['situations'], { situations }: Listing): string {
  switch (source.from) {
    case 'world': {
      const { count: _count, ...rest } = source;
      return contentHash(rest);
    }
    case 'file':
      return contentHash({ from: 'file', first: situations.map((situation) => situation.id) });
    case 'imagine':
      return contentHash(source);
    case 'campaign':
      // what the coarser campaign's plans open: a later generation of it opens other situations
      return contentHash({ ...source, listed: situations.map((situation) => situation.id) });
  }
}

/** `all` needs no word of its own: its chapters say everything, and campaigns older than the choice keep their hash. */
function libraryHash({ select, always }: CampaignFile['library'], chapters: readonly Chapter[]): string {
  const shown = chapters.map(({ textbook, title, chapter, sha256 }) => ({ textbook, title, chapter, sha256 }));
  return contentHash(select === 'all' ? shown : { select, always, chapters: shown });
}
