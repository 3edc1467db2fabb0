import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../dist/infra/package-root.js';
import { SPLIT } from '../../dist/test/durability/machine.js';

/** @typedef {import('../../test/durability/machine.ts').Setting} Setting */

export const CONCURRENCY = 8;
export const SITUATIONS = 24;
/** Campaigns of one variant have the same situations, so that one undisturbed run is the measure of all of them. */
export const VARIANTS = 3;
const NAME = 'chaos';
/** Events after which Temporal suggests to continue as new: small, so that campaigns do so with pages open. */
const HISTORY_EVENTS = 60;

/**
 * What a machine of the bench runs; its files are written into `dir`.
 * @param {string} dir
 * @param {{ variant: number, split: boolean, trainer: boolean }} how
 * @returns {Setting}
 */
export function settingOf(dir, { variant, split, trainer }) {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'campaign.yaml');
  const campaign = {
    name: NAME,
    model: { name: 'claude-sonnet-4-5' },
    situations: { from: 'world', world: 'relief', count: SITUATIONS, seed: 11 + variant },
    agents: [join(packageRoot, 'agents', 'field-rover.yaml')],
    library: { path: join(packageRoot, 'test', 'durability', 'campaign', 'library') },
    actor: { alternatives: 1 },
    concurrency: CONCURRENCY,
    // never reached: it is there so that grants are written
    budget: 100_000,
    pageSize: 6,
    splits: { train: 0.6, validation: 0.2, test: 0.2 },
  };
  // JSON is YAML
  writeFileSync(file, JSON.stringify(campaign, null, 2));
  return {
    campaign: { file, name: NAME, concurrency: CONCURRENCY },
    law: join(packageRoot, 'bench', 'chaos', 'law.json'),
    workers: split ? SPLIT : ['worker'],
    trainer,
    temporalOptions: ['--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${HISTORY_EVENTS}`],
  };
}

/** @param {string} dir */
export function trainingFile(dir) {
  const file = join(dir, 'train.yaml');
  writeFileSync(file, JSON.stringify({ name: 'chaos-actor', campaign: NAME, seed: 1, epochs: 30, batchGroups: 4, size: 'tiny', checkpointEverySteps: 20, evaluateEverySteps: 50 }));
  return file;
}
