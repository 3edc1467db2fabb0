import { listed, type Listing } from '../activities/listing.ts';
import type { AgentSpec } from '../schemas/agent.ts';
import type { CampaignFile } from '../schemas/campaign.ts';
import type { SituationContent } from '../schemas/situation.ts';
import { worldNamed, WORLDS } from '../worlds/index.ts';
import { readSituationFile } from './situations-file.ts';
import { UsageError } from './usage-error.ts';

/**
 * Every situation of a campaign, de-duplicated, then indexed in order; none where they are yet to be imagined, or taken from a coarser campaign. `path` is what
 * messages name.
 */
export async function listSituations(path: string, file: CampaignFile, situationsPath: string, agents: Record<string, AgentSpec>): Promise<Listing> {
  const contents = await draw(path, file.situations, situationsPath);
  const stranger = contents.find(({ agent }) => agents[agent] === undefined);
  if (stranger !== undefined) {
    throw new UsageError(`${path}: agents: a situation is for "${stranger.agent}", which is not listed; listed: ${Object.keys(agents).join(', ')}`);
  }
  return listed(contents);
}

async function draw(path: string, source: CampaignFile['situations'], situationsPath: string): Promise<SituationContent[]> {
  switch (source.from) {
    case 'world': {
      const known = Object.keys(WORLDS);
      if (!known.includes(source.world)) throw new UsageError(`${path}: situations.world: no world "${source.world}"; known: ${known.join(', ')}`);
      const world = worldNamed(source.world);
      return Array.from({ length: source.count }, (_, i) => world.situation(source.seed * 1_000_000 + i));
    }
    case 'file':
      return await readSituationFile(`${path}: situations.file`, situationsPath, source.count);
    // listed once the object store can be asked
    case 'imagine':
    case 'campaign':
      return [];
  }
}
