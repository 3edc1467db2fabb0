/*
 * Kills every component of running campaigns, at seeded moments and at the boundaries between steps, and holds what comes of them
 * against campaigns that nobody disturbed.
 *
 *   npm run build && node bench/chaos.js            280 kills in 24 campaigns; writes bench/results/chaos.md and .json
 *     --kills N --campaigns N --seed N              the same seed kills the same processes at the same moments
 *     --only COMPONENT                              one of worker, llm, io, orchestrate, temporal, database, s3, model, cli, trainer
 *     --campaign N                                  of the plan that the other options make, this campaign alone
 *     --parallel N                                  campaigns at once, each on services of its own (default: twice the cores)
 *
 * A kill counts where it struck a running campaign: some come too late. Exit 1 where anything does not hold. Only a whole plan, no smaller than 200 kills in 24 campaigns, writes results. Nothing is left running.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { CHAOS_FOLDER, disturb, measure, stopAll } from './chaos/campaign.js';
import { clean } from './chaos/leftovers.js';
import { COMPONENTS, plan } from './chaos/plan.js';
import { CONCURRENCY, SITUATIONS } from './chaos/setting.js';
import { verdict } from './chaos/verdict.js';
import { load, machine, machineText, seconds } from './machine.js';
import { writeResult } from './results.js';
import { say } from './services.js';

/** A smaller plan is for looking into something, and writes no results. */
const FULL = { kills: 200, campaigns: 24, each: 20 };

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '280' },
    campaigns: { type: 'string', default: '24' },
    seed: { type: 'string', default: '1' },
    parallel: { type: 'string', default: String(2 * cpus().length) },
    only: { type: 'string' },
    campaign: { type: 'string' },
  },
});
const numbers = Object.fromEntries(
  /** @type {const} */ (['kills', 'campaigns', 'seed', 'parallel']).map((name) => {
    const n = Number(values[name]);
    if (!Number.isInteger(n) || n < (name === 'seed' ? 0 : 1)) throw new Error(`--${name}: a whole number from ${name === 'seed' ? 0 : 1}, not ${values[name]}`);
    return [name, n];
  }),
);
const { kills = 0, campaigns = 0, seed = 0, parallel = 1 } = numbers;
const only = /** @type {import('./chaos/plan.js').Component | null} */ (values.only ?? null);
if (only !== null && !(only in COMPONENTS)) throw new Error(`--only: one of ${Object.keys(COMPONENTS).join(', ')}, not ${only}`);

const on = machine();
const began = performance.now();
const whole = plan({ seed, kills, campaigns, only });
const planned = values.campaign === undefined ? whole : whole.filter(({ number }) => String(number) === values.campaign);
if (planned.length === 0) throw new Error(`--campaign: from 0 to ${campaigns - 1}, not ${values.campaign}`);

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.once(signal, () => {
    say(`${signal}: stopping what runs`);
    void stopAll().finally(() => process.exit(1));
  });
}
await clean(CHAOS_FOLDER);

/** @type {Awaited<ReturnType<typeof disturb>>[]} */
const results = [];
try {
  const measures = new Map();
  const variants = [...new Set(planned.map(({ variant }) => variant))];
  await inLines(variants, async (variant) => void measures.set(variant, await measure(variant, planned.some((each) => each.variant === variant && each.trainer))));
  await inLines(planned, async (campaign) => void results.push(await disturb(campaign, measures.get(campaign.variant))));
} finally {
  await stopAll();
}
results.sort((a, b) => a.number - b.number);

const replay = (/** @type {number} */ number) => `node bench/chaos.js --seed ${seed} --kills ${kills} --campaigns ${campaigns}${only === null ? '' : ` --only ${only}`} --campaign ${number}`;
const { rows, lines, holds } = verdict(results, replay);
const minutes = seconds(began) / 60;
const isFull = planned === whole && only === null && kills >= FULL.kills && campaigns >= FULL.campaigns;
const few = isFull ? rows.filter((row) => row.kills < FULL.each) : [];
const text = [
  '# Kills',
  '',
  `\`node bench/chaos.js --seed ${seed} --kills ${kills} --campaigns ${campaigns}\` wrote this page: ${rows.reduce((sum, row) => sum + row.kills, 0)} kills (SIGKILL) in ${results.length} campaigns of ${SITUATIONS} situations, concurrency ${CONCURRENCY}, a simulated model, ${minutes.toFixed(0)} minutes.`,
  '',
  ...lines,
  ...(few.length === 0 ? [] : ['', `Killed fewer than ${FULL.each} times: ${few.map(({ name }) => name).join(', ')}.`]),
  '',
  machineText(on, load()),
];
if (isFull) writeResult('chaos', text, { seed, minutes, machine: on, components: rows, campaigns: results });
else process.stdout.write(`${text.join('\n')}\n`);
if (!holds || few.length > 0) process.exitCode = 1;

/**
 * @template T
 * @param {readonly T[]} list
 * @param {(each: T) => Promise<void>} work
 */
async function inLines(list, work) {
  const left = [...list];
  const line = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: Math.min(parallel, left.length) }, line));
}
