import { contentHash } from '../schemas/canonical.ts';
import type { AgentSpec } from '../schemas/agent.ts';
import type { CampaignFile } from '../schemas/campaign.ts';
import { SituationFile, type Situation, type SituationContent } from '../schemas/situation.ts';
import { worldNamed, WORLDS } from '../worlds/index.ts';
import { readFileAs } from './read-file.ts';
import { UsageError } from './usage-error.ts';

export interface Listing {
  situations: Situation[];
  /** Situations dropped because an earlier one says the same. */
  duplicates: number;
}

/** Every situation of a campaign, de-duplicated, then indexed in order. `path` is what messages name. */
export function listSituations(path: string, file: CampaignFile, situationsPath: string, agents: Record<string, AgentSpec>): Listing {
  const contents = draw(path, file.situations, situationsPath);
  const seen = new Set<string>();
  const situations: Situation[] = [];
  let duplicates = 0;
  for (const content of contents) {
    if (agents[content.agent] === undefined) {
      throw new UsageError(`${path}: agents: a situation is for "${content.agent}", which is not listed; listed: ${Object.keys(agents).join(', ')}`);
    }
    const id = contentHash(content);
    if (seen.has(id)) duplicates += 1;
    else situations.push({ id, index: situations.length, root: content.parent?.situation ?? id, ...content });
    seen.add(id);
  }
  return { situations, duplicates };
}

function draw(path: string, source: CampaignFile['situations'], situationsPath: string): SituationContent[] {
  if (source.from === 'world') {
    const known = Object.keys(WORLDS);
    if (!known.includes(source.world)) throw new UsageError(`${path}: situations.world: no world "${source.world}"; known: ${known.join(', ')}`);
    const world = worldNamed(source.world);
    return Array.from({ length: source.count }, (_, i) => world.situation(source.seed * 1_000_000 + i));
  }
  const { situations } = readFileAs(situationsPath, SituationFile);
  return situations.slice(0, source.count ?? situations.length);
}
