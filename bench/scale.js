/*
 * Does a long campaign stay as fast and as small as it began? 20,000 situations of two calls each, without latency, on one machine's
 * embedded services.
 *
 *   npm run build && node bench/scale.js [--situations 20000] [--concurrency 64] [--page-size 256]
 *                                                   writes bench/results/scale.md and .json; exit 1 where a bar is missed
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { serviceStatus } from '../dist/infra/dev/services.js';
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
    const sampling = sample(session, source.file.name);
    const before = cpuSeconds(dir);
    const { began, ended, progress } = await runChains(session, source);
    const samples = await sampling.stop();
    const cpuS = cpuSince(before, cpuSeconds(dir));
    if (progress.calls < situations * STEPS) throw new Error(`${progress.calls} calls for ${situations} situations`);
    const history = await readHistory(session);
    const parts = readParts(samples, began, ended);
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

/** @typedef {{ at: number, ended: number, cpuS: number, mib: Record<string, number> }} Sample */

/**
 * About every two seconds, by a clock that nobody sets: situations ended as Temporal lists them, CPU seconds of all services so far, and
 * the resident memory of each.
 * @param {import('../cli/session.ts').Session} session
 * @param {string} name
 */
function sample({ client }, name) {
  /** @type {Sample[]} */
  const samples = [];
  let over = false;
  const take = async () => {
    const { count: ended } = await client.workflow.count(`ExemplarCampaign="${name}" AND WorkflowType="exemplar" AND ExecutionStatus!="Running"`);
    const mib = Object.fromEntries(serviceStatus(dir).map(({ name: service, pid }) => [service, Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024]));
    samples.push({ at: performance.now(), ended, cpuS: Object.values(cpuSeconds(dir)).reduce((sum, spent) => sum + spent, 0), mib });
    if (samples.length % 30 === 0) say(`${ended} situations: ${Object.entries(mib).map(([service, used]) => `${service} ${used.toFixed(0)} MiB`).join(', ')}`);
  };
  const sampling = (async () => {
    while (!over) {
      await take();
      await sleep(SAMPLED_MS);
    }
    await take();
  })();
  return {
    stop: async () => {
      over = true;
      await sampling;
      return samples;
    },
  };
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
 * Situations ended a second in each tenth of the campaign, and the CPU that each took.
 * @param {Sample[]} samples
 * @param {number} began
 * @param {number} ended
 */
function readParts(samples, began, ended) {
  const counted = samples.at(-1)?.ended;
  if (counted !== situations) throw new Error(`Temporal shows ${counted} situations of ${situations}`);
  const marks = Array.from({ length: PARTS }, (_, i) => reached(samples, ((i + 1) * situations) / PARTS)).map((mark) => ({ ...mark, at: Math.min(mark.at, ended) }));
  marks.unshift({ .../** @type {Sample} */ (samples[0]), at: began });
  return Array.from({ length: PARTS }, (_, i) => {
    const [from, to] = [/** @type {Sample} */ (marks[i]), /** @type {Sample} */ (marks[i + 1])];
    const seconds = (to.at - from.at) / 1000;
    return { seconds, perSecond: situations / PARTS / seconds, cpuMs: (1000 * (to.cpuS - from.cpuS)) / (situations / PARTS) };
  });
}

/** When so many had ended, and what had been used by then; between two samples, in proportion. @param {Sample[]} samples @param {number} count @returns {Sample} */
function reached(samples, count) {
  const i = Math.max(1, samples.findIndex(({ ended }) => ended >= count));
  const [a, b] = [/** @type {Sample} */ (samples[i - 1]), /** @type {Sample} */ (samples[i])];
  const share = b.ended === a.ended ? 1 : (count - a.ended) / (b.ended - a.ended);
  return { ...b, ended: count, at: a.at + (b.at - a.at) * share, cpuS: a.cpuS + (b.cpuS - a.cpuS) * share };
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
