/*
 * Plan actors on both worlds: campaigns under a law that neither actor nor trainer was built with, an actor trained on each with all policies, one that
 * imitates finals alone with as many steps, and the exact value of what they draw for held-out situations.
 *
 *   npm run build && node bench/policies.js [--count 1400] [--epochs 36]      writes bench/results/policies.md and .json
 *       [--worlds relief,household] [--arms em,imitation]                    fewer of them
 *       [--data] [--trained]                                                 goes on from the last run's campaigns; from its checkpoints, or from what they ended with
 *       [--extend]                                                           with --data: its campaigns are brought to --count situations first
 *       [--from DIR] [--rate 0.001]                                          training starts from that checkpoint; its learning rate
 *       [--last]                                                             draws from the last checkpoints, and not from the best by validation
 *       [--keep]                                                             leaves the page's other worlds and arms as they are; with `--worlds ''` all of them
 *
 * Campaigns take some 20 min on two cores, each training up to an hour of one core.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readCampaignSource } from '../dist/infra/campaign-source.js';
import { ensurePython } from '../dist/infra/dev/python.js';
import { packageRoot } from '../dist/infra/package-root.js';
import { checkPlan } from '../dist/plans/check.js';
import { WORLDS } from '../dist/worlds/index.js';
import { runCampaign } from './campaign.js';
import { load, machine, machineText } from './machine.js';
import { percent, table, writeResult } from './results.js';
import { BENCH_FOLDER, down, emptyFolder, say, withServices } from './services.js';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1400' },
    epochs: { type: 'string', default: '36' },
    law: { type: 'string', default: 'unseen' },
    worlds: { type: 'string', default: Object.keys(WORLDS).join(',') },
    arms: { type: 'string', default: 'em,imitation' },
    data: { type: 'boolean', default: false },
    extend: { type: 'boolean', default: false },
    trained: { type: 'boolean', default: false },
    from: { type: 'string' },
    rate: { type: 'string', default: '0.002' },
    keep: { type: 'boolean', default: false },
    last: { type: 'boolean', default: false },
  },
});
const SEED = 31;
const BAR = { way: 0.9, valid: 0.95 };
const MODES = /** @type {const} */ ([['drawn', 1], ['drawn at 0.5', 0.5], ['likeliest', 0]]);
/** Plans drawn for a situation. */
const DRAWS = 4;

const on = machine();
const dir = values.data ? join(BENCH_FOLDER, 'policies') : await emptyFolder('policies');
const datasets = join(dir, 's3', 'exemplar', 'datasets');
const python = await ensurePython({ projectRoot: packageRoot, say, groups: 'test' });
const [worlds, arms] = [values.worlds, values.arms].map((list) => list.split(',').filter((one) => one !== ''));
/** Rows may be of several. */
const commit = execFileSync('git', ['describe', '--always', '--dirty'], { cwd: packageRoot, encoding: 'utf8' }).trim();
if (!values.data || values.extend) await runCampaigns();
const runs = worlds.flatMap((world) => arms.map((objective) => ({ world, objective, arm: values.last ? `${objective}, last step` : objective })));
// one thread each: a run a core
const found = await inParallel(runs, 2, async ({ world, objective, arm }) => {
  const { checkpoint, ...run } = await trained(world, objective);
  return { world, arm, commit, epochs: values.epochs, ...run, drawn: await drawnBy(world, checkpoint), recovery: objective === 'em' ? await recoveredBy(world, checkpoint) : null };
});
const seen = [...kept().filter((one) => !runs.some(({ world, arm }) => one.world === world && one.arm === arm)), ...found];
const data = { machine: { ...on, loadAfter: load() }, settings: values, bar: BAR, seen };
writeResult('policies', report(data), data);
if (!seen.every(({ arm, drawn }) => !arm.startsWith('em') || holds(drawn.drawn))) process.exitCode = 1;

/** What the page has already. @returns {typeof found} */
function kept() {
  const path = join(packageRoot, 'bench', 'results', 'policies.json');
  return values.keep && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).seen : [];
}

async function runCampaigns() {
  try {
    await withServices({ dir, law: join(packageRoot, 'worlds', 'laws', `${values.law}.json`) }, async (session) => {
      for (const world of worlds) {
        const path = join(dir, `${world}.yaml`);
        const text = readFileSync(join(packageRoot, 'bench', 'policies.yaml'), 'utf8').replaceAll('../', `${packageRoot}/`);
        writeFileSync(path, text.replace('name: policies', `name: policies-${world}`).replace('world: relief, count: 1200', `world: ${world}, count: ${values.count}`));
        await runCampaign(session, await readCampaignSource(path));
      }
    });
  } finally {
    await down({ dir });
  }
}

/** @param {string} world @param {string} objective */
async function trained(world, objective) {
  const name = `${world}-${objective}`;
  const checkpoints = join(dir, 'checkpoints', name);
  if (!values.trained) rmSync(checkpoints, { recursive: true, force: true });
  mkdirSync(checkpoints, { recursive: true });
  const config = {
    name, campaign: `policies-${world}`, uri: join(datasets, `policies-${world}`), checkpoints, epochs: Number(values.epochs), objective,
    ...(values.from === undefined ? {} : { startFrom: resolve(values.from) }), learningRate: Number(values.rate), evaluateEverySteps: 500, checkpointEverySteps: 500,
  };
  const path = join(dir, `${name}.json`);
  writeFileSync(path, JSON.stringify(config));
  const kept = join(dir, `${name}.result.json`);
  if (!values.trained || !existsSync(kept)) {
    const lines = await output(['-m', 'exemplar_trainer.child', '--config', path], join(packageRoot, 'trainer'));
    writeFileSync(kept, JSON.stringify(JSON.parse(lines.at(-1) ?? '').result));
  }
  const result = JSON.parse(readFileSync(kept, 'utf8'));
  const checkpoint = values.last ? newestIn(checkpoints) : result.checkpoint;
  const state = JSON.parse(readFileSync(join(checkpoint, 'state.json'), 'utf8'));
  const manifests = join(datasets, `policies-${world}`, 'manifest');
  const { outcomes, planned } = JSON.parse(readFileSync(newestIn(manifests), 'utf8'));
  // what a run ends with is told of its best checkpoint alone
  const test = values.last ? { nats: null, pairAccuracy: null, interval: null } : result.test;
  return { checkpoint, outcomes: { planned, ...outcomes }, steps: result.step, best: state.best, watch: state.evaluations.at(-1), mSteps: state.em.m_steps, test };
}

/** What a folder of numbered names has under the highest. @param {string} folder */
function newestIn(folder) {
  return join(folder, readdirSync(folder).sort().at(-1) ?? '');
}

/** @param {string} world @param {string} checkpoint */
async function drawnBy(world, checkpoint) {
  /** @type {Record<string, any>} */
  const found = {};
  for (const [mode, temperature] of MODES) {
    const from = [join(datasets, `policies-${world}`), checkpoint];
    const lines = await output(['bench/policies.py', ...from, '--temperature', String(temperature), '--count', String(DRAWS)], packageRoot);
    found[mode] = valued(world, lines.map((line) => JSON.parse(line)));
  }
  return found;
}

/** What explanations give back of their plans: bench/recovery.py. @param {string} world @param {string} checkpoint */
async function recoveredBy(world, checkpoint) {
  const from = [join(datasets, `policies-${world}`), checkpoint];
  return JSON.parse((await output(['bench/recovery.py', ...from], packageRoot)).at(-1) ?? '');
}

/**
 * Means over situations of the exact value of draft, final, what was drawn and what the world knows to be best.
 * @param {string} name
 * @param {any[]} rows
 */
function valued(name, rows) {
  const world = WORLDS[/** @type {keyof typeof WORLDS} */ (name)];
  const sums = { draft: 0, final: 0, best: 0, drawn: 0 };
  let [valid, plans] = [0, 0];
  /** @type {Record<string, number>} */
  const flaws = {};
  for (const row of rows) {
    const situation = world.situation(SEED * 1_000_000 + row.situation.index);
    if (situation.initial !== row.situation.initial) throw new Error(`situation ${row.situation.index} of ${name} is another one`);
    sums.draft += world.value(situation, row.draft).logReward;
    sums.final += world.value(situation, row.final).logReward;
    sums.best += world.value(situation, world.exemplary(situation)).logReward;
    const drawn = row.sampled.reduce((/** @type {number} */ sum, /** @type {any} */ each) => sum + each.times, 0);
    plans += drawn;
    for (const { plan, times } of row.sampled) {
      const isValid = checkPlan(plan, situation).length === 0;
      // a plan that is none is worth no more than the draft
      sums.drawn += (times * world.value(situation, isValid ? plan : row.draft).logReward) / drawn;
      if (!isValid) continue;
      valid += times;
      for (const flaw of world.inspect(situation, plan)) flaws[flaw.class] = (flaws[flaw.class] ?? 0) + times;
    }
  }
  const mean = Object.fromEntries(Object.entries(sums).map(([what, sum]) => [what, sum / rows.length]));
  const { draft = 0, final = 0, drawn = 0 } = mean;
  return { situations: rows.length, plans, valid: valid / plans, ...mean, way: (drawn - draft) / (final - draft), flaws };
}

/** @param {{ way: number, valid: number }} found */
function holds({ way, valid }) {
  return way >= BAR.way && valid >= BAR.valid;
}

/** @param {string[]} args @param {string} cwd @returns {Promise<string[]>} */
async function output(args, cwd) {
  const env = { ...process.env, PYTHONPATH: join(packageRoot, 'trainer'), OMP_NUM_THREADS: '1', CUDA_VISIBLE_DEVICES: '' };
  const child = spawn(python, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const parts = [];
  for await (const part of child.stdout) parts.push(part);
  const status = await new Promise((resolve) => (child.exitCode === null ? child.once('close', resolve) : resolve(child.exitCode)));
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${Buffer.concat(parts).toString().slice(-500)}`);
  return Buffer.concat(parts).toString().trim().split('\n');
}

/**
 * @template T, U
 * @param {T[]} list
 * @param {number} at
 * @param {(one: T) => Promise<U>} work
 */
async function inParallel(list, at, work) {
  /** @type {U[]} */
  const found = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: at }, async () => {
      for (let place = next++; place < list.length; place = next++) found[place] = await work(/** @type {T} */ (list[place]));
    }),
  );
  return found;
}

/** @param {any} data */
function report({ machine: m, settings, seen: all }) {
  const nats = (/** @type {number | null} */ n) => (n === null ? '-' : n.toFixed(2));
  return [
    '# Plan actors on two worlds',
    '',
    `\`npm run build && node bench/policies.js --count ${settings.count} --epochs N\` wrote this page (epochs as told below, a world at a time with \`--keep\`). Campaign: \`bench/policies.yaml\`, under \`worlds/laws/${settings.law}.json\`, which neither actor nor trainer was built with.`,
    '',
    '**Simulated**: a seeded program plays the exemplary actor in two small worlds that know the exact value of any plan. Splits are by situation; values are of all situations of the test split that converged; nats and pairs of its first 64, what explanations give back of its first 48; the columns from p(x given z) on of the first situations of the validation split (up to 16, I of 8), at the last evaluation. `em` trains all policies, `imitation` the forward policy of final plans alone, of the same network, with as many steps but where the table has others. `last step`: from the last checkpoint of a run, not from its best by validation (`--last`).',
    '',
    machineText(m, m.loadAfter),
    '',
    ...table(
      ['world', 'arm', 'plans', 'valid', 'value: draft', 'drawn', 'final', 'best known', 'way from draft to final', 'flaws a plan'],
      all.flatMap(({ world, arm, drawn }) =>
        Object.entries(drawn).map(([mode, one]) => {
          const flaws = Object.entries(one.flaws).map(([name, n]) => `${name} ${(Number(n) / one.plans).toFixed(2)}`);
          return [world, `${arm}, ${mode}`, one.plans, percent(one.valid), nats(one.draft), nats(one.drawn), nats(one.final), nats(one.best), percent(one.way), flaws.join(', ')];
        }),
      ),
    ),
    '',
    `Bar: ${percent(BAR.way)} of the way and ${percent(BAR.valid)} valid, for plans that \`em\` draws. \`drawn\`: at temperature 1, the actor's own law; \`likeliest\`: \`exemplar sample --mode habitual\`.`,
    '',
    ...table(
      ['world', 'arm', 'of commit', 'converged, of so many that ended', 'epochs', 'steps', 'nats a final plan', 'pairs right', '95 %', 'p(x given z), nats a token', 'p(x) alone', 'swap, nats', 'I(z; x), nats', 'M-steps'],
      all.map(({ world, arm, commit, outcomes, epochs, steps, test, watch, mSteps }) => [
        world, arm, commit, `${outcomes.converged} of ${outcomes.planned - outcomes.waiting}`, epochs ?? settings.epochs, steps, nats(test.nats), test.pairAccuracy === null ? '-' : percent(test.pairAccuracy), test.interval === null ? '-' : test.interval.map((/** @type {number} */ end) => percent(end)).join(' to '),
        watch?.tokenNats ?? '-', watch?.untoldTokenNats ?? '-', watch?.swapNats ?? '-', watch?.sharedNats ?? '-', mSteps ?? '-',
      ]),
    ),
    '',
    'What an explanation gives back of its plan: F1 of the (kind, text) of nodes between a version and the likeliest plan drawn, by the posterior, which reads the explanation, and by the prior, which does not (`bench/recovery.py`, test split).',
    '',
    ...table(
      ['world', 'arm', 'version', 'plans', 'prior: F1', 'all nodes alike', 'posterior: F1', 'all nodes alike'],
      all.flatMap(({ world, arm, recovery }) =>
        Object.entries(recovery ?? {}).map(([version, found]) => [world, arm, version, found.plans, found.prior.toFixed(3), percent(found['prior exact']), found.posterior.toFixed(3), percent(found['posterior exact'])]),
      ),
    ),
  ];
}
