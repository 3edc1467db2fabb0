/*
 * Does a long campaign stay as fast and as small as it began? 20,000 situations of two calls each, without latency, on one machine's
 * embedded services.
 *
 *   npm run build && node bench/scale.js [--situations 20000] [--concurrency 64] [--page-size 256]
 *                                                   writes bench/results/scale.md and .json; exit 1 where a bar is missed
 */
import { readFileSync } from 'node:fs';
import { setInterval } from 'node:timers';
import { parseArgs } from 'node:util';
import { serviceStatus } from '../dist/infra/dev/services.js';
import { campaignWorkflowId } from '../dist/workflows/messages.js';
import { chainCampaign, checkDataset, runChains, uneventfulLaw } from './chains.js';
import { cpuSeconds, cpuSince, load, machine, machineText } from './machine.js';
import { table, writeResult } from './results.js';
import { down, emptyFolder, say, withServices } from './services.js';
import { median } from './statistics.js';

const BAR = { rate: 0.9, memoryMiB: 1024, growth: 1.25 };
const PARTS = 10;
const STEPS = 2;
const SAMPLED_MS = 2_000;
/** One text of the library alone has it. */
const TAG = 'nature';

const { values } = parseArgs({ options: { situations: { type: 'string', default: '20000' }, concurrency: { type: 'string', default: '64' }, 'page-size': { type: 'string', default: '256' } } });
const [situations, concurrency, pageSize] = [Number(values.situations), Number(values.concurrency), Number(values['page-size'])];

const on = machine();
const dir = await emptyFolder('scale');
try {
  await withServices({ dir, law: uneventfulLaw(dir, { latencyMs: 0 }) }, async (session) => {
    const source = await chainCampaign(dir, { name: 'scale', situations, seed: 31, tag: TAG, concurrency, pageSize });
    const sampling = sample();
    const before = cpuSeconds(dir);
    const { began, ended, progress } = await runChains(session, source);
    const samples = sampling.stop();
    const cpuS = cpuSince(before, cpuSeconds(dir));
    if (progress.calls < situations * STEPS) throw new Error(`${progress.calls} calls for ${situations} situations`);
    const history = await readHistory(session);
    const parts = await readParts(session, source.file.name, samples);
    const checked = performance.now();
    await checkDataset(session, source.file.name);
    const worker = partsOf(samples.map(({ mib }) => mib['worker'] ?? 0));
    const data = {
      machine: { ...on, loadAfter: load() }, situations, concurrency, calls: progress.calls, wallS: (ended - began) / 1000, verifyS: (performance.now() - checked) / 1000, parts,
      rateRatio: (parts.at(-1)?.perSecond ?? 0) / (parts[0]?.perSecond ?? Number.NaN), cpuRatio: (parts[0]?.cpuMs ?? 0) / (parts.at(-1)?.cpuMs ?? Number.NaN), memoryMiB: peaks(samples), workerMiB: worker, workerGrowth: (worker.at(-1) ?? 0) / (worker[1] ?? Number.NaN), history, cpuS, generation: progress.generation,
    };
    const misses = missesOf(data);
    writeResult('scale', report(data, misses), { ...data, misses });
    if (misses.length > 0) process.exitCode = 1;
  });
} finally {
  await down({ dir });
}

/** @typedef {{ at: number, cpuS: number, mib: Record<string, number> }} Sample */

/** Every two seconds: CPU seconds of all services so far, and the resident memory of each. */
function sample() {
  /** @type {Sample[]} */
  const samples = [];
  const take = () => {
    const mib = Object.fromEntries(serviceStatus(dir).map(({ name, pid }) => [name, Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024]));
    samples.push({ at: Date.now(), cpuS: Object.values(cpuSeconds(dir)).reduce((sum, spent) => sum + spent, 0), mib });
    if (samples.length % 30 === 0) say(`${samples.length * (SAMPLED_MS / 1000)} s: ${Object.entries(mib).map(([name, used]) => `${name} ${used.toFixed(0)} MiB`).join(', ')}`);
  };
  take();
  const timer = setInterval(take, SAMPLED_MS);
  return {
    stop: () => {
      clearInterval(timer);
      take();
      return samples;
    },
  };
}

/** @param {Sample[]} samples @param {number} at */
function cpuAt(samples, at) {
  const after = Math.max(1, samples.findIndex((each) => each.at >= at));
  const [a, b] = [samples[after - 1], samples[after]];
  if (a === undefined || b === undefined) return samples.at(-1)?.cpuS ?? 0;
  return a.cpuS + ((b.cpuS - a.cpuS) * Math.min(1, Math.max(0, at - a.at) / (b.at - a.at)));
}

/** @param {Sample[]} samples */
function peaks(samples) {
  const names = [...new Set(samples.flatMap(({ mib }) => Object.keys(mib)))];
  return Object.fromEntries(names.map((name) => [name, Math.max(...samples.map(({ mib }) => mib[name] ?? 0))]));
}

/** The medians of ten equal parts. @param {number[]} numbers */
function partsOf(numbers) {
  return Array.from({ length: PARTS }, (_, i) => median(numbers.slice(Math.floor((i * numbers.length) / PARTS), Math.max(Math.floor(((i + 1) * numbers.length) / PARTS), Math.floor((i * numbers.length) / PARTS) + 1))));
}

/**
 * Situations ended a second in each tenth of the campaign, by Temporal's clock, and the CPU that each took.
 * @param {import('../cli/session.ts').Session} session
 * @param {string} name
 * @param {Sample[]} samples
 */
async function readParts({ client }, name, samples) {
  const began = (await client.workflow.getHandle(campaignWorkflowId(name)).describe()).startTime.getTime();
  const ends = [];
  for await (const { closeTime } of client.workflow.list({ query: `ExemplarCampaign="${name}" AND WorkflowType="exemplar"`, pageSize: 1000 })) ends.push(closeTime?.getTime() ?? Number.NaN);
  ends.sort((a, b) => a - b);
  if (ends.length !== situations) throw new Error(`Temporal shows ${ends.length} situations of ${situations}`);
  const at = (/** @type {number} */ part) => (part === 0 ? began : /** @type {number} */ (ends[Math.ceil((part * ends.length) / PARTS) - 1]));
  return Array.from({ length: PARTS }, (_, i) => {
    const seconds = (at(i + 1) - at(i)) / 1000;
    return { seconds, perSecond: situations / PARTS / seconds, cpuMs: (1000 * (cpuAt(samples, at(i + 1)) - cpuAt(samples, at(i)))) / (situations / PARTS) };
  });
}

/**
 * Runs and longest history, in events, of the campaign's workflow and of its pages.
 * @param {import('../cli/session.ts').Session} session
 */
async function readHistory({ client }) {
  /** @type {Record<string, { runs: number, longest: number }>} */
  const kinds = { campaign: { runs: 0, longest: 0 }, page: { runs: 0, longest: 0 } };
  for (const [type, kind] of Object.entries(kinds)) {
    for await (const { historyLength } of client.workflow.list({ query: `WorkflowType="${type}"` })) {
      kind.runs += 1;
      kind.longest = Math.max(kind.longest, historyLength ?? 0);
    }
  }
  return kinds;
}

/** @param {any} data */
function missesOf({ rateRatio, memoryMiB, workerGrowth, history }) {
  return [
    ...(rateRatio >= BAR.rate ? [] : [`the last tenth's rate is ${rateRatio.toFixed(2)} of the first's (bar: ${BAR.rate})`]),
    ...(memoryMiB.worker < BAR.memoryMiB ? [] : [`the worker took ${memoryMiB.worker.toFixed(0)} MiB (bar: ${BAR.memoryMiB})`]),
    ...(workerGrowth < BAR.growth ? [] : [`the worker's memory grew to ${workerGrowth.toFixed(2)} times (bar: ${BAR.growth})`]),
    ...(history.campaign.longest < 5_000 ? [] : [`the campaign's history has ${history.campaign.longest} events`]),
  ];
}

/** @param {any} data @param {string[]} misses */
function report({ machine: m, calls, wallS, verifyS, parts, rateRatio, cpuRatio, memoryMiB, workerMiB, workerGrowth, history, cpuS, generation }, misses) {
  const n = (/** @type {number} */ number, digits = 1) => number.toFixed(digits);
  return [
    '# A long campaign',
    '',
    `\`npm run build && node bench/scale.js --situations ${situations} --concurrency ${concurrency} --page-size ${pageSize}\` wrote this page.`,
    '',
    `**Simulated**, a model without latency: ${situations.toLocaleString('en-US')} situations, a draft and one text's critique each, ${concurrency} at once, in pages of ${pageSize}.`,
    '',
    machineText(m, m.loadAfter),
    '',
    ...table(['tenth', 'situations a second', 'seconds', 'CPU ms a situation, all processes', "worker's memory, median MiB"], parts.map((/** @type {any} */ part, /** @type {number} */ i) => [i + 1, n(part.perSecond), n(part.seconds), n(part.cpuMs), n(workerMiB[i], 0)])),
    '',
    ...table(['what', 'value'], [
      ["**rate of the last tenth / of the first** (bar: 0.9)", n(rateRatio, 2)],
      ["CPU a situation in the first tenth / in the last, which other programs hardly disturb", n(cpuRatio, 2)],
      ["**worker's memory, most** (bar: 1,024 MiB)", `${n(memoryMiB.worker, 0)} MiB`],
      ["worker's memory, last tenth / second tenth", n(workerGrowth, 2)],
      ['Temporal, most', `${n(memoryMiB.temporal, 0)} MiB`],
      ['S3 server, most', `${n(memoryMiB.s3, 0)} MiB`],
      ['simulated model, most', `${n(memoryMiB['sim-model'], 0)} MiB`],
      ["campaign's workflow: runs", history.campaign.runs],
      ["campaign's workflow: longest history, events", history.campaign.longest],
      ["pages' workflows: longest history, events", history.page.longest],
      ['generations published', generation],
      ['model calls a second', n(calls / wallS)],
      ['wall clock', `${n(wallS, 0)} s`],
      ['`verify` of the whole dataset', `${n(verifyS, 0)} s`],
      ...Object.entries(cpuS).map(([name, spent]) => [`CPU ms a call: ${name}`, n((1000 * Number(spent)) / calls)]),
    ]),
    '',
    misses.length === 0 ? 'Every bar is met.' : `**Missed:** ${misses.join('; ')}.`,
  ];
}
