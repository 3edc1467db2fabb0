import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { storeSource } from '../dist/activities/shards/verify-source.js';
import { verify } from '../dist/activities/shards/verify.js';
import { advance, openSource } from '../dist/cli/campaign/run-file.js';
import { readCampaignSource } from '../dist/infra/campaign-source.js';
import { packageRoot } from '../dist/infra/package-root.js';
import { campaignWorkflowId } from '../dist/workflows/messages.js';
import { output } from './campaign.js';

/** @typedef {import('../cli/session.ts').Session} Session */

/**
 * A law under which nothing is ever found, so that a situation is a chain of known length: a draft, and one critique a text.
 * @param {string} dir
 * @param {object} changes
 */
export function uneventfulLaw(dir, changes) {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, 'law.json');
  const law = JSON.parse(readFileSync(join(packageRoot, 'worlds', 'laws', 'default.json'), 'utf8'));
  writeFileSync(path, JSON.stringify({ ...law, name: 'uneventful', flaw: 0, detect: 0, break: 0, falseAlarm: 0, ...changes }));
  return path;
}

/**
 * A campaign of one pass without verification over the texts of a tag.
 * @param {string} dir
 * @param {{ name: string, situations: number, seed: number, tag: string, concurrency: number, sample?: number, pageSize?: number }} campaign
 */
export async function chainCampaign(dir, { name, situations, seed, tag, concurrency, sample = 0, pageSize = 256 }) {
  const path = join(dir, `${name}.json`);
  const file = {
    name,
    model: { name: 'claude-sonnet-4-6' },
    situations: { from: 'world', world: 'relief', count: situations, seed },
    agents: [join(packageRoot, 'agents', 'field-rover.yaml')],
    library: { path: join(packageRoot, 'library'), select: 'tags', tags: [tag] },
    actor: { maxPasses: 1, alternatives: 0 },
    concurrency,
    pageSize,
    sample,
  };
  writeFileSync(path, JSON.stringify(file));
  return await readCampaignSource(path);
}

/**
 * Runs a campaign to the end of its workflow.
 * @param {Session} session
 * @param {import('../infra/campaign-source.ts').CampaignSource} source
 * @returns {Promise<{ began: number, ended: number, progress: import('../workflows/messages.ts').CampaignProgress }>} `performance.now()` around start and end
 * @throws Error where a situation did not converge.
 */
export async function runChains(session, source) {
  const { name } = source.file;
  await openSource(session, source, output);
  const began = performance.now();
  await advance(session, name, output, { detach: true, changed: false });
  const progress = await session.client.workflow.getHandle(campaignWorkflowId(name)).result();
  const ended = performance.now();
  if (progress.outcomes.converged !== progress.planned) throw new Error(`campaign ${name}: ${JSON.stringify(progress.outcomes)} of ${progress.planned}`);
  return { began, ended, progress };
}

/**
 * @param {Session} session
 * @param {string} name
 * @throws Error where the dataset has a fault.
 */
export async function checkDataset({ store }, name) {
  const { faults } = await verify(storeSource(store, name));
  if (faults.length > 0) throw new Error(`campaign ${name}: ${faults[0]}`);
}
