import { BOUNDARIES } from '../../dist/test/durability/boundaries.js';
import { between, pick, rngOf, shuffled } from '../../dist/worlds/rng.js';

/** @typedef {import('../../test/durability/boundaries.ts').Boundary} Boundary */
/** @typedef {'worker' | 'llm' | 'io' | 'orchestrate' | 'temporal' | 'database' | 's3' | 'model' | 'cli' | 'trainer'} Component */
/** @typedef {{ component: Component, at: number, waitMs: number, downMs: number, boundary: Boundary | null }} Kill `at`: share of the campaign's calls that are answered before it, from 0 to 1. */
/** @typedef {{ number: number, variant: number, split: boolean, trainer: boolean, kills: Kill[] }} Campaign */

/** What is killed, and what the table calls it. */
export const COMPONENTS = /** @type {Record<Component, string>} */ ({
  worker: 'worker with all queues',
  llm: 'llm worker',
  io: 'io worker',
  orchestrate: 'orchestrating worker',
  temporal: 'Temporal server',
  database: 'Temporal server, its database deleted',
  s3: 'S3 server',
  model: 'simulated model',
  cli: 'command line (`run`)',
  trainer: 'trainer, during `train`',
});
const ONLY_WHOLE = new Set(['worker']);
const ONLY_SPLIT = new Set(['llm', 'io', 'orchestrate']);
/** Every third campaign has one worker with all queues, every fourth a training afterwards. */
const WHOLE_EVERY = 3;
const TRAINER_EVERY = 4;
/** Share of the kills of a process that come at a boundary between two steps, not just at any moment. */
const AT_BOUNDARIES = 0.6;
const LONGEST_WAIT_MS = 800;
const LONGEST_DOWN_MS = 2_500;
/** The last kill comes before the campaign's end. */
const LATEST = 0.9;

/**
 * Shares `kills` out among `campaigns`, the components evenly; the seed determines everything.
 * @param {{ seed: number, kills: number, campaigns: number, only: Component | null }} wanted
 * @returns {Campaign[]}
 */
export function plan({ seed, kills, campaigns, only }) {
  const rng = rngOf(`chaos/${seed}`);
  const planned = Array.from({ length: campaigns }, (_, number) => ({
    number,
    variant: number % 3,
    split: only === null ? number % WHOLE_EVERY !== 0 : !ONLY_WHOLE.has(only),
    trainer: only === null ? number % TRAINER_EVERY === 0 : only === 'trainer',
    kills: /** @type {Kill[]} */ ([]),
  }));
  const components = only === null ? /** @type {Component[]} */ (Object.keys(COMPONENTS)) : [only];
  const owed = new Map(components.map((component, i) => [component, Math.floor(kills / components.length) + (i < kills % components.length ? 1 : 0)]));
  for (const [component, times] of owed) {
    const able = planned.filter(({ split, trainer }) => !(split && ONLY_WHOLE.has(component)) && !(!split && ONLY_SPLIT.has(component)) && (trainer || component !== 'trainer'));
    for (let i = 0; i < times && able.length > 0; i++) {
      const least = Math.min(...able.map((campaign) => campaign.kills.filter((kill) => kill.component === component).length));
      const campaign = pick(able.filter((each) => each.kills.filter((kill) => kill.component === component).length === least), rng);
      campaign.kills.push({ component, at: 0, waitMs: between(0, LONGEST_WAIT_MS, rng), downMs: between(0, LONGEST_DOWN_MS, rng), boundary: boundaryFor(component, rng) });
    }
  }
  for (const campaign of planned) {
    campaign.kills = shuffled(campaign.kills, rng);
    const during = campaign.kills.filter(({ component }) => component !== 'trainer');
    for (const [i, kill] of during.entries()) kill.at = (LATEST * (i + rng())) / during.length;
  }
  return planned;
}

/** @param {Component} component @param {() => number} rng */
function boundaryFor(component, rng) {
  const maker = component === 'worker' ? pick(['llm', 'io'], rng) : component;
  const own = BOUNDARIES.filter(({ by, key }) => by === maker && !key.test('/campaign.json'));
  return own.length > 0 && rng() < AT_BOUNDARIES ? pick(own, rng) : null;
}
