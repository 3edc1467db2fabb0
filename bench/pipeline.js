/*
 * Does a slow answer hold up its own chain alone? 200 situations at once, a draft and a critique by each of six texts, under answers
 * of lognormal latency of which some are refused once: wall clock beside the slowest chain's own latencies.
 *
 *   npm run build && node bench/pipeline.js [--situations 200]
 *                                                   writes bench/results/pipeline.md and .json; exit 1 above the bar
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

const { values } = parseArgs({ options: { situations: { type: 'string', default: String(SITUATIONS) } } });
const situations = Number(values.situations);

const on = machine();
const dir = await emptyFolder('pipeline');
try {
  const law = uneventfulLaw(dir, { latencyMs: LATENCY, faults: { rateLimited: REFUSED / 2, overloaded: REFUSED / 2, times: 1 } });
  await withServices({ dir, law }, async (session) => {
    const source = await chainCampaign(dir, { name: 'pipeline', situations, seed: 29, tag: 'core', concurrency: situations });
    const before = cpuSeconds(dir);
    const { began, ended, progress } = await runChains(session, source);
    const cpuS = cpuSince(before, cpuSeconds(dir));
    const asked = await readCalls();
    const chains = chainsOf(asked);
    const lost = progress.calls - situations * STEPS;
    if (chains.length !== situations || lost < 0) throw new Error(`${chains.length} chains made ${progress.calls} calls`);
    await checkDataset(session, source.file.name);
    const wallS = (ended - began) / 1000;
    const slowestS = Math.max(...chains);
    const phases = await readPhases(session, source.file.name);
    const data = {
      machine: { ...on, loadAfter: load() }, situations, steps: STEPS, latency: LATENCY, refusedShare: REFUSED, calls: situations * STEPS, lost,
      refused: asked.filter(({ status }) => status !== 200).reduce((sum, { times }) => sum + times, 0),
      wallS, slowestS, medianS: median(chains), boundS: BAR.share * slowestS + BAR.seconds, ratio: wallS / slowestS, ...phases, cpuS,
    };
    writeResult('pipeline', report(data), data);
    if (wallS > data.boundS) process.exitCode = 1;
  });
} finally {
  await down({ dir });
}

/** @returns {Promise<{ idempotencyKey: string | null, bodyHash: string, status: number, times: number }[]>} */
async function readCalls() {
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

/** @param {any} data */
function report({ machine: m, calls, lost, refused, wallS, slowestS, medianS, boundS, ratio, startS, endS, cpuS }) {
  const s = (/** @type {number} */ n) => `${n.toFixed(1)} s`;
  return [
    '# A heavy tail',
    '',
    `\`npm run build && node bench/pipeline.js --situations ${situations}\` wrote this page.`,
    '',
    `**Simulated.** ${situations} situations at once, each a draft and a critique by each of ${STEPS - 1} texts, one after another: ${calls.toLocaleString('en-US')} answers, their latency lognormal (median ${LATENCY.median / 1000} s, sigma ${LATENCY.sigma}), and ${refused} requests refused once (429 or 529) and waited out. Nothing is found and nothing verified, so each chain is ${STEPS} dependent calls. A chain's own latencies are what the model itself took, refused requests included, waits left out.`,
    '',
    machineText(m, m.loadAfter),
    '',
    ...table(['what', 'value'], [
      ['**wall clock**, start of the campaign to its published manifest', s(wallS)],
      ["**the slowest chain's own latencies**", s(slowestS)],
      ["the median chain's own latencies", s(medianS)],
      ['wall clock / slowest chain', ratio.toFixed(2)],
      [`bar: ${BAR.share} x the slowest chain + ${BAR.seconds} s`, s(boundS)],
      ['start of the campaign to its first situation', s(startS)],
      ['last answer kept to published manifest', s(endS)],
      ['calls that a machine under load lost and made again', lost],
      ...Object.entries(cpuS).map(([name, spent]) => [`CPU: ${name}`, s(spent)]),
    ]),
    '',
    `The CPU seconds of all processes, ${s(Object.values(cpuS).reduce((sum, each) => sum + Number(each), 0))}, shared by ${m.cores} cores, are a floor of their own under the wall clock.`,
  ];
}
