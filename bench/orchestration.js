/*
 * What the pipeline costs above the least that a durable chain of model calls can be: calls a second of a whole campaign, of a bare
 * Temporal chain that makes the same calls and puts 4 KB each, and of activities that do nothing, taking turns in one run.
 *
 *   npm run build && node bench/orchestration.js [--situations 100] [--rounds 5] [--concurrency 64]
 *                                                   writes bench/results/orchestration.md and .json; exit 1 below the bar
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadSteps } from '../dist/activities/shards/versions.js';
import { pageOutcomes } from '../dist/activities/campaign-state.js';
import { readExchange } from '../dist/cli/show/exchange.js';
import { readState } from '../dist/infra/dev/services.js';
import { chainCampaign, checkDataset, runChains, uneventfulLaw } from './chains.js';
import { cpuSeconds, load, machine, machineText, processSeconds } from './machine.js';
import { table, writeResult } from './results.js';
import { down, emptyFolder, say, withServices } from './services.js';
import { median } from './statistics.js';

const BAR = 0.8;
/** The draft, and the six texts tagged `core`. */
const STEPS = 7;
const SEED = 23;
const KINDS = /** @type {const} */ (['exemplar', 'bare chain', 'no-op']);
/** @typedef {{ round: number, kind: typeof KINDS[number], callsASecond: number, wallS: number, cpuMs: Record<string, number> }} Turn */

const { values } = parseArgs({ options: { situations: { type: 'string', default: '100' }, rounds: { type: 'string', default: '5' }, concurrency: { type: 'string', default: '64' } } });
const [situations, rounds, concurrency] = [Number(values.situations), Number(values.rounds), Number(values.concurrency)];
const calls = situations * STEPS;

const on = machine();
const dir = await emptyFolder('orchestration');
/** @type {Turn[]} */
const turns = [];
try {
  await withServices({ dir, law: uneventfulLaw(dir, { latencyMs: 0 }) }, async (session) => {
    const campaign = (/** @type {number} */ round) => chainCampaign(dir, { name: `chains-${round}`, situations, seed: SEED, tag: 'core', concurrency, sample: round });
    // the first campaign warms every process up, and its requests are what the bare chain sends
    await runChains(session, await campaign(0));
    const bare = await startBareWorker(await recordBodies(session));
    try {
      await runBare(session, 'ask', 'warm-up');
      for (let round = 1; round <= rounds; round++) {
        const source = await campaign(round);
        await turn(round, 'exemplar', bare.pid, async () => await runChains(session, source));
        await checkDataset(session, source.file.name);
        await turn(round, 'bare chain', bare.pid, async () => await runBare(session, 'ask', String(round)));
        await turn(round, 'no-op', bare.pid, async () => await runBare(session, 'nothing', String(round)));
      }
    } finally {
      await bare.stop();
    }
  });
} finally {
  await down({ dir });
}

/**
 * @param {number} round
 * @param {Turn['kind']} kind
 * @param {number} barePid
 * @param {() => Promise<{ began: number, ended: number }>} work
 */
async function turn(round, kind, barePid, work) {
  const used = () => ({ ...cpuSeconds(dir), 'bare worker': processSeconds(barePid), bench: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6 });
  const before = /** @type {Record<string, number>} */ (used());
  const { began, ended } = await work();
  const cpuMs = Object.fromEntries(Object.entries(used()).map(([name, spent]) => [name, (1000 * (spent - (before[name] ?? 0))) / calls]));
  const wallS = (ended - began) / 1000;
  turns.push({ round, kind, callsASecond: calls / wallS, wallS, cpuMs });
  say(`round ${round}, ${kind}: ${(calls / wallS).toFixed(1)} calls/s; CPU ms a call: ${Object.entries(cpuMs).map(([name, ms]) => `${name} ${ms.toFixed(2)}`).join(', ')}`);
}

/**
 * The requests of the first campaign, by situation and step.
 * @param {import('../cli/session.ts').Session} session
 */
async function recordBodies({ reader }) {
  const campaign = await reader.campaign('chains-0');
  const outcomes = await pageOutcomes(reader, campaign.name, 0, situations);
  const listed = await reader.situations(campaign.listing);
  const bodies = await Promise.all(
    listed.map(async (situation) => {
      const outcome = outcomes.get(situation.index)?.at(-1) ?? null;
      if (outcome === null) throw new Error(`situation ${situation.index} has no outcome`);
      const steps = await loadSteps(reader, outcome);
      const exchanges = await Promise.all(steps.map(({ record }) => readExchange(reader, campaign, /** @type {any} */ ({ situation, outcome }), record.path)));
      if (exchanges.length !== STEPS || exchanges.some(({ exact }) => !exact)) throw new Error(`situation ${situation.index}: its requests cannot be rebuilt`);
      return exchanges.map(({ request }) => request);
    }),
  );
  const path = join(dir, 'bodies.json');
  writeFileSync(path, JSON.stringify(bodies));
  return path;
}

/** @param {string} bodies */
async function startBareWorker(bodies) {
  const services = readState(dir)?.services;
  if (services === undefined) throw new Error('no services');
  const { temporalAddress, s3Endpoint, bucket, accessKeyId, secretAccessKey, simModelUrl } = services;
  const where = { bodies, temporal: temporalAddress, endpoint: s3Endpoint, bucket, accessKeyId, secretAccessKey, baseURL: simModelUrl };
  const worker = fileURLToPath(new URL('bare-chain/worker.js', import.meta.url));
  const child = spawn(process.execPath, [worker, JSON.stringify(where)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', (code) => reject(new Error(`the bare chain's worker ended with ${code}`)));
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  return {
    pid: /** @type {number} */ (child.pid),
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

/**
 * As many chains as the campaign has situations, as many at once.
 * @param {import('../cli/session.ts').Session} session
 * @param {'ask' | 'nothing'} kind
 * @param {string} round
 */
async function runBare({ client }, kind, round) {
  const began = performance.now();
  let next = 0;
  const lane = async () => {
    for (let chain = next++; chain < situations; chain = next++) {
      await client.workflow.execute('bareChain', { taskQueue: 'bare-chains', workflowId: `bare/${kind}/${round}/${chain}`, args: [{ chain, steps: STEPS, kind, round }] });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return { began, ended: performance.now() };
}

const of = (/** @type {Turn['kind']} */ kind) => turns.filter((each) => each.kind === kind);
const rates = (/** @type {Turn['kind']} */ kind) => of(kind).map(({ callsASecond }) => callsASecond);
const ratios = (/** @type {Turn['kind']} */ above, /** @type {Turn['kind']} */ below) => rates(above).map((rate, i) => rate / (rates(below)[i] ?? Number.NaN));
const spread = (/** @type {number[]} */ numbers, digits = 2) => `${median(numbers).toFixed(digits)} (${Math.min(...numbers).toFixed(digits)} to ${Math.max(...numbers).toFixed(digits)})`;
const processes = [...new Set(turns.flatMap(({ cpuMs }) => Object.keys(cpuMs)))];
const cpuOf = (/** @type {Turn['kind']} */ kind, /** @type {string} */ name) => median(of(kind).map(({ cpuMs }) => cpuMs[name] ?? 0));
const total = (/** @type {Turn['kind']} */ kind) => median(of(kind).map(({ cpuMs }) => Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0)));
const ratio = median(ratios('exemplar', 'bare chain'));
const notes = readFileSync(fileURLToPath(new URL('orchestration-notes.md', import.meta.url)), 'utf8').trimEnd();
writeResult(
  'orchestration',
  [
    '# Calls a second, beside a bare chain',
    '',
    `\`npm run build && node bench/orchestration.js --situations ${situations} --rounds ${rounds} --concurrency ${concurrency}\` wrote this page.`,
    '',
    `**Simulated**, a model without latency. \`exemplar\` is a whole campaign, from its start to its published manifest: ${situations} situations, a draft and a critique by each of ${STEPS - 1} texts, ${concurrency} at once. \`bare chain\` (\`bench/bare-chain/\`) is one workflow a situation whose activity sends the same body to the same model by the same client, and puts 4 KB to the same S3; \`no-op\` is the same chain with activities that return at once. All share one Temporal server; queues, slots, pollers and workflow cache are set alike (\`workers/tuning.ts\`). They take turns within each round.`,
    '',
    machineText(on, load()),
    '',
    ...table(['', ...KINDS], [
      ['model calls a second, median of rounds (least to most)', ...KINDS.map((kind) => spread(rates(kind), 1))],
      ...processes.map((name) => [`CPU ms a call: ${name}`, ...KINDS.map((kind) => cpuOf(kind, name).toFixed(2))]),
      ['**CPU ms a call, all**', ...KINDS.map((kind) => total(kind).toFixed(2))],
    ]),
    '',
    `**exemplar / bare chain: ${spread(ratios('exemplar', 'bare chain'))}** (bar: ${BAR}); exemplar / no-op: ${spread(ratios('exemplar', 'no-op'))}; CPU bare chain / exemplar: ${(total('bare chain') / total('exemplar')).toFixed(2)}.`,
    '',
    notes,
  ],
  { machine: { ...on, loadAfter: load() }, situations, rounds, concurrency, bar: BAR, ratio, turns },
);
if (ratio < BAR) process.exitCode = 1;
