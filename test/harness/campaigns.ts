import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { ObjectStore } from '../../activities/store.ts';
import { openCampaign } from '../../infra/campaign-opening.ts';
import { readCampaignSource } from '../../infra/campaign-source.ts';
import type { AgentSpec } from '../../schemas/agent.ts';
import type { CampaignRecord } from '../../schemas/records.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import { sha256Hex } from '../../schemas/canonical.ts';

export const AGENT: AgentSpec = {
  name: 'tester',
  description: 'an agent for tests',
  body: { sensors: ['eye'], actuators: ['hand'], powerW: 10, massKg: 5 },
  operating: [{ quantity: 'temperature', min: -10, max: 40, unit: 'degC' }],
  needs: ['power'],
  duties: ['harm no one'],
};

export function situation(n: number, change: Partial<SituationContent> = {}): SituationContent {
  return { task: 'plan', agent: AGENT.name, horizon: ['hours', 'days'], initial: `start ${n}`, target: `end ${n}`, parent: null, world: null, ...change };
}

export interface CampaignSketch {
  situations: SituationContent[];
  texts?: number;
  /** Fields of the campaign file beside the obligatory ones. */
  file?: Record<string, unknown>;
  /** Declared by the provider; null: not simulated. */
  law?: string | null;
}

/** Writes a small campaign with short texts to disk, and opens it in the store under a name of its own. */
export async function sketchCampaign(store: ObjectStore, { situations, texts = 2, file = {}, law = 'test-law' }: CampaignSketch): Promise<CampaignRecord> {
  const path = writeCampaign(situations, texts, file);
  const provider = { origin: 'http://stage', simulated: law, identity: law === null ? 'origin:http://stage' : `simulated:${law}` };
  return (await openCampaign(store, await readCampaignSource(path), provider, 'schema')).campaign;
}

/** The files of a campaign in a folder of their own; returns the campaign file's path. */
export function writeCampaign(situations: SituationContent[], texts: number, file: Record<string, unknown>): string {
  const folder = mkdtempSync(join(tmpdir(), 'campaign-'));
  const library = Array.from({ length: texts }, (_, i) => {
    const text = `# Text ${i + 1}\n\nwords of text ${i + 1}\n`;
    writeFileSync(join(folder, `text-${i + 1}.md`), text);
    return { file: `text-${i + 1}.md`, title: `Text ${i + 1}`, licence: 'CC0-1.0', sha256: sha256Hex(text) };
  });
  const write = (name: string, value: unknown) => writeFileSync(join(folder, name), JSON.stringify(value));
  write('library.yaml', { texts: library });
  write('agent.yaml', AGENT);
  write('situations.yaml', { situations });
  write('campaign.yaml', {
    name: `t-${randomUUID().slice(0, 13)}`,
    model: { name: 'claude-sonnet-4-6', maxOutputTokens: 1_000 },
    situations: { from: 'file', file: 'situations.yaml' },
    agents: ['agent.yaml'],
    library: { path: '.' },
    ...file,
  });
  return join(folder, 'campaign.yaml');
}
