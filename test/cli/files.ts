import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '../../schemas/canonical.ts';
import { AGENT } from '../harness/campaigns.ts';

const TEXT = '# A text\n\nNever leave a door open behind you.\n';

const CAMPAIGN = {
  name: 'typed',
  model: { name: 'claude-sonnet-4-6' },
  situations: { from: 'file', file: 'situations.yaml' },
  agents: ['agent.yaml'],
  library: { path: '.' },
  budget: 1,
};

type Json = Record<string, unknown>;

/** What stands in the files of a campaign, as changed by a test: a function gets the value that is right. */
export interface Change {
  campaign?: (campaign: typeof CAMPAIGN) => Json;
  agent?: (agent: typeof AGENT) => Json;
  library?: (text: Json) => Json;
  situation?: (situation: Json) => Json;
}

/** Writes a small sound campaign, but for the change, into a folder of its own. */
export function writeFiles({ campaign, agent, library, situation }: Change = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-cli-'));
  const write = (name: string, value: unknown) => writeFileSync(join(folder, name), JSON.stringify(value));
  const text = { file: 'text.md', title: 'A text', licence: 'CC0-1.0', sha256: sha256Hex(TEXT) };
  const content = { task: 'plan', agent: 'tester', horizon: 'hours/days', initial: 'at home', target: 'at work' };
  writeFileSync(join(folder, 'text.md'), TEXT);
  write('library.yaml', { texts: [library === undefined ? text : library(text)] });
  write('agent.yaml', agent === undefined ? AGENT : agent(AGENT));
  write('situations.yaml', { situations: [situation === undefined ? content : situation(content)] });
  write('campaign.yaml', campaign === undefined ? CAMPAIGN : campaign(CAMPAIGN));
  return folder;
}
