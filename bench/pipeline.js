/*
 * Does a slow answer hold up its own chain alone? 200 situations at once, a draft and a critique by each of six texts, under answers
 * of lognormal latency of which some are refused once: wall clock beside the slowest chain's own latencies. In every
 * round all processes are new and the answers the same.
 *
 *   npm run build && node bench/pipeline.js [--situations 200] [--rounds 3]
 *                                                   writes bench/results/pipeline.md and .json; exit 1 where the median is above the bar
 */
import { parseArgs } from 'node:util';
import { latencyOf } from '../dist/worlds/sim/latency.js';
import { readState } from '../dist/infra/dev/services.js';
import { campaignWorkflowId } from '../dist/workflows/messages.js';
import { chainCampaign, checkDataset, runChains, uneventfulLaw } from './chains.js';
import { cpuSeconds, cpuSince, load, machine, machineText } from './machine.js';
import { table, writeResult } from './results.js';
import { down, emptyFolder, withServices } from './services.js';
import { median } from './statistics.js';

const BAR = { share: 1.3, seconds: 3 };
const LATENCY = { median: 1_000, sigma: 0.8 };
/** Half of the refusals are 429 with a second's `retry-after`, half 529 without. */
const REFUSED = 0.03;
const SITUATIONS = 200;
/** The draft, and the six texts tagged `core`. */
const STEPS = 7;
const SEED = 29;

const { values } = parseArgs({ options: { situations: { type: 'string', default: String(SITUATIONS) }, rounds: { type: 'string', default: '3' } } });
const [situations, rounds] = [Number(values.situations), Number(values.rounds)];

const on = machine();
/** @type {Awaited<ReturnType<typeof measure>>[]} */
const runs = [];
for (let round = 0; round < rounds; round++) runs.push(await measure());
const [wallS, boundS] = [median(runs.map((run) => run.wallS)), median(runs.map((run) => run.boundS))];
writeResult('pipeline', report(), { machine: { ...on, loadAfter: load() }, situations, steps: STEPS, latency: LATENCY, refusedShare: REFUSED, calls: situations * STEPS, wallS, boundS, runs });
if (wallS > boundS) process.exitCode = 1;

async function measure() {
  const dir = await emptyFolder('pipeline');
  try {
    const law = uneventfulLaw(dir, { latencyMs: LATENCY, faults: { rateLimited: REFUSED / 2, overloaded: REFUSED / 2, times: 1 } });
    return await withServices({ dir, law }, async (session) => {
      const source = await chainCampaign(dir, { name: 'pipeline', situations, seed: SEED, tag: 'core', concurrency: situations });
      const before = cpuSeconds(dir);
      const { began, ended, progress } = await runChains(session, source);
      const cpuS = cpuSince(before, cpuSeconds(dir));
      const asked = await readCalls(dir);
      const latencies = chainsOf(asked);
      const lost = progress.calls - situations * STEPS;
      if (latencies.length !== situations || lost < 0) throw new Error(`${latencies.length} chains made ${progress.calls} calls`);
      await checkDataset(session, source.file.name);
      const slowestS = Math.max(...latencies);
      return {
        lost,
        refused: asked.filter(({ status }) => status !== 200).reduce((sum, { times }) => sum + times, 0),
        wallS: (ended - began) / 1000, slowestS, medianS: median(latencies), boundS: BAR.share * slowestS + BAR.seconds, ...(await readPhases(session, source.file.name)), cpuS,
      };
    });
  } finally {
    await down({ dir });
  }
}

/**
 * @param {string} dir
 * @returns {Promise<{ idempotencyKey: string | null, bodyHash: string, status: number, times: number }[]>}
 */
async function readCalls(dir) {
  const { simModelUrl } = readState(dir)?.services ?? {};
  const { calls } = /** @type {any} */ (await (await fetch(`${simModelUrl}/sim/calls`)).json());
  return calls.filter((/** @type {{ idempotencyKey: string | null }} */ { idempotencyKey }) => idempotencyKey !== null);
}

/**
 * Seconds that the model itself took for each situation's requests, refused ones included and waits left out.
 * @param {Awaited<ReturnType<typeof readCalls>>} calls
 */
function chainsOf(calls) {
  /** @type {Map<string, number>} */
  const asked = new Map();
  for (const { bodyHash, times } of calls) asked.set(bodyHash, (asked.get(bodyHash) ?? 0) + times);
  /** @type {Map<string, number>} */
  const chains = new Map();
  for (const [bodyHash, times] of asked) {
    const key = /** @type {string} */ (calls.find((call) => call.bodyHash === bodyHash)?.idempotencyKey);
    const situation = /** @type {string} */ (key.split('/').at(-1)?.split('.')[0]);
    for (let n = 0; n < times; n++) chains.set(situation, (chains.get(situation) ?? 0) + latencyOf(bodyHash, n, LATENCY) / 1000);
  }
  return [...chains.values()];
}

/**
 * Seconds from the campaign's start to the first situation's and from the last situation's end to the campaign's, by Temporal's clock.
 * @param {import('../cli/session.ts').Session} session
 * @param {string} name
 */
async function readPhases({ client }, name) {
  const campaign = await client.workflow.getHandle(campaignWorkflowId(name)).describe();
  let first = Infinity;
  let last = 0;
  for await (const { startTime, closeTime } of client.workflow.list({ query: `ExemplarCampaign="${name}" AND WorkflowType="exemplar"` })) {
    first = Math.min(first, startTime.getTime());
    last = Math.max(last, closeTime?.getTime() ?? 0);
  }
  return { startS: (first - campaign.startTime.getTime()) / 1000, endS: ((campaign.closeTime?.getTime() ?? Number.NaN) - last) / 1000 };
}

function report() {
  const spread = (/** @type {(run: (typeof runs)[number]) => number} */ of) => {
    const numbers = runs.map(of);
    return [`${median(numbers).toFixed(1)} s`, `${Math.min(...numbers).toFixed(1)} to ${Math.max(...numbers).toFixed(1)} s`];
  };
  return [
    '# A heavy tail',
    '',
    `\`npm run build && node bench/pipeline.js --situations ${situations} --rounds ${rounds}\` wrote this page.`,
    '',
    `**Simulated.** ${situations} situations at once, each a draft and a critique by each of ${STEPS - 1} texts, one after another: ${(situations * STEPS).toLocaleString('en-US')} answers, their latency lognormal (median ${LATENCY.median / 1000} s, sigma ${LATENCY.sigma}), and ${median(runs.map(({ refused }) => refused))} requests refused once (429 or 529) and waited out. Nothing is found and nothing verified, so each chain is ${STEPS} dependent calls. A chain's own latencies are what the model itself took, refused requests included, waits left out. In each round all processes are new.`,
    '',
    machineText(on, load()),
    '',
    ...table(['what', `median of ${rounds} rounds`, 'least to most'], [
      ['**wall clock**, start of the campaign to its published manifest', ...spread((run) => run.wallS)],
      ["**the slowest chain's own latencies**", ...spread((run) => run.slowestS)],
      ["the median chain's own latencies", ...spread((run) => run.medianS)],
      [`bar: ${BAR.share} x the slowest chain + ${BAR.seconds} s`, ...spread((run) => run.boundS)],
      ['start of the campaign to its first situation', ...spread((run) => run.startS)],
      ['last answer kept to published manifest', ...spread((run) => run.endS)],
      ...Object.keys(runs[0]?.cpuS ?? {}).map((name) => [`CPU: ${name}`, ...spread(({ cpuS }) => cpuS[name] ?? 0)]),
      [`CPU of all processes, which ${on.cores} cores share`, ...spread(({ cpuS }) => Object.values(cpuS).reduce((sum, each) => sum + each, 0))],
    ]),
    '',
    `Calls that a machine under load lost and made again: ${runs.reduce((sum, { lost }) => sum + lost, 0)}.`,
  ];
}
