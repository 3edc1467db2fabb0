/*
 * Six arms of negatives on a world's data (bench/world_negatives.py), as docs/negatives-worlds.md and docs/negatives-worlds.svg.
 *
 *   npm run build && node bench/policies.js && node bench/world-negatives.js [--world relief] [--seeds 6] [--start 2000] [--steps 200] [--size small] [--from LINES,...]
 *
 * It reads the campaigns that bench/policies.js ran. Half an hour of one core a seed or more, two seeds at once. LINES: files of what bench/world_negatives.py wrote before.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePython } from '../dist/infra/dev/python.js';
import { packageRoot } from '../dist/infra/package-root.js';
import { checkPlan } from '../dist/plans/check.js';
import { WORLDS } from '../dist/worlds/index.js';
import { ARM_NAMES, changePlot, mean } from './arms.js';
import { percent, table } from './results.js';
import { BENCH_FOLDER } from './services.js';

/**
 * @typedef {{ nats: number, pairs: number, valid: number, value: number, bad: number, coolValue: number, coolBad: number }} Measures
 * @typedef {{ seed: number, arm: string, nats: number, pairs: number, plans: { index: number, temperature: number, plan: any }[] }} Line
 */

const { values: settings } = parseArgs({
  options: {
    world: { type: 'string', default: 'relief' },
    seeds: { type: 'string', default: '6' },
    start: { type: 'string', default: '2000' },
    steps: { type: 'string', default: '200' },
    size: { type: 'string', default: 'small' },
    from: { type: 'string' },
  },
});
/** The seed of bench/policies.yaml. */
const SEED = 31;
const GATE = { badDown: 0.1, natsUp: 0.01 };
/** Nats below the best known plan from which a plan is bad. */
const BAD = 2;
const world = WORLDS[/** @type {keyof typeof WORLDS} */ (settings.world)];
const text = settings.from === undefined ? await measure() : settings.from.split(',').map((path) => readFileSync(path, 'utf8')).join('');
/** @type {Line[]} */
const lines = text.trim().split('\n').map((line) => JSON.parse(line));
const arms = [...new Set(lines.map(({ arm }) => arm))];
const seeds = [...new Set(lines.map(({ seed }) => seed))];
const found = new Map(lines.map((line) => [`${line.seed}/${line.arm}`, measuresOf(line)]));
const others = arms.filter((arm) => arm !== 'mle');

const docs = join(packageRoot, 'docs');
const rows = others.map((arm) => ({ arm, changes: seeds.map((seed) => of(seed, arm).bad / of(seed, 'mle').bad - 1) }));
writeFileSync(join(docs, 'negatives-worlds.svg'), changePlot('Share of bad plans against likelihood alone, one dot a seed (left is better; the gate is at -10 %)', [{ title: `${settings.world}, ${seeds.length} seeds`, rows }]));
writeFileSync(join(docs, 'negatives-worlds.md'), `${page().join('\n')}\n`);
console.log(page().join('\n'));

async function measure() {
  const python = await ensurePython({ projectRoot: packageRoot, say: console.error, groups: 'test' });
  const data = join(BENCH_FOLDER, 'policies', 's3', 'exemplar', 'datasets', `policies-${settings.world}`);
  const every = Array.from({ length: Number(settings.seeds) }, (_, seed) => seed);
  const halves = [0, 1].map((half) => every.filter((seed) => seed % 2 === half)).filter((some) => some.length > 0);
  const lines = await Promise.all(
    halves.map(async (some) => {
      const kept = join(BENCH_FOLDER, 'policies', `negatives-${settings.world}-${some.join('-')}.jsonl`);
      const args = [join(packageRoot, 'bench', 'world_negatives.py'), data, '--seeds', some.join(','), '--start', settings.start, '--steps', settings.steps, '--size', settings.size];
      const child = spawn(python, args, { env: { ...process.env, OMP_NUM_THREADS: '1' }, stdio: ['ignore', 'pipe', 'inherit'] });
      const parts = [];
      // as they come: what was measured outlives a run that is cut off
      for await (const part of child.stdout) {
        parts.push(part);
        appendFileSync(kept, part);
      }
      return Buffer.concat(parts).toString();
    }),
  );
  return lines.join('');
}

/** @param {Line} line @returns {Measures} */
function measuresOf({ nats, pairs, plans }) {
  const [own, cool] = [1, 0.5].map((temperature) => drawnAt(plans.filter((one) => one.temperature === temperature)));
  return { nats, pairs, ...own, coolValue: cool.value, coolBad: cool.bad };
}

/**
 * A plan that is not valid counts as bad, and not in the mean value.
 * @param {Line['plans']} plans
 */
function drawnAt(plans) {
  const values = plans.flatMap(({ index, plan }) => {
    const situation = world.situation(SEED * 1_000_000 + index);
    if (checkPlan(plan, situation).length > 0) return [];
    return [{ own: world.value(situation, plan).logReward, best: world.value(situation, world.exemplary(situation)).logReward }];
  });
  const bad = plans.length - values.filter(({ own, best }) => own > best - BAD).length;
  return { valid: values.length / plans.length, value: mean(values.map(({ own }) => own)), bad: bad / plans.length };
}

/** @param {number} seed @param {string} arm */
function of(seed, arm) {
  const measures = found.get(`${seed}/${arm}`);
  if (measures === undefined) throw new Error(`seed ${seed} lacks the arm ${arm}`);
  return measures;
}

/** @param {string} arm */
function gate(arm) {
  const fewer = seeds.filter((seed) => of(seed, arm).bad <= (1 - GATE.badDown) * of(seed, 'mle').bad).length;
  const over = (/** @type {string} */ one, /** @type {keyof Measures} */ name) => mean(seeds.map((seed) => of(seed, one)[name]));
  const worse = over(arm, 'nats') / over('mle', 'nats') - 1;
  const beats = over(arm, 'bad') < over('random', 'bad');
  return { fewer, worse, beats, helps: fewer * 6 >= 5 * seeds.length && worse <= GATE.natsUp && beats };
}

function page() {
  const passed = others.filter((arm) => gate(arm).helps).map((arm) => ARM_NAMES[arm]);
  const over = (/** @type {string} */ arm, /** @type {keyof Measures} */ name) => mean(seeds.map((seed) => of(seed, arm)[name]));
  return [
    "# Do earlier versions help as negatives on a world's data?",
    '',
    `\`npm run build && node bench/policies.js && node bench/world-negatives.js --world ${settings.world} --seeds ${settings.seeds} --start ${settings.start} --steps ${settings.steps} --size ${settings.size}\`. **Simulated**: a seeded program plays the exemplary actor.`,
    `For each of ${seeds.length} seeds a \`${settings.size}\` plan actor learns finals, and earlier versions by a law of their own, for ${settings.start} steps; then each arm goes on from it for ${settings.steps} steps, on the same batches, with one term more (weight 1, a plan). Then it draws plans for ${new Set(lines[0]?.plans.map(({ index }) => index)).size} situations of the test split, two at temperature 1, its own law, and two at 0.5; the world values them exactly. Pairs are of the versions of 24 of these situations. The enumerable domain has its own page: [negatives.md](negatives.md).`,
    '',
    `Bad: not valid, or worth less than the best known plan by ${BAD} nats or more. An arm helps where the share of bad plans falls by 10 % in 5 of 6 seeds, the nats of held-out finals do not rise by more than 1 %, and fewer plans are bad than with random negatives: the rules of the enumerable domain, with nats in place of TV.`,
    '',
    `**Passed: ${passed.length === 0 ? 'none' : passed.join('; ')}.**`,
    '',
    '![Change of the share of bad plans, seed by seed](negatives-worlds.svg)',
    '',
    ...table(
      ['arm', 'nats a final plan', 'pairs right', 'valid', 'value', 'bad', 'value at 0.5', 'bad at 0.5', 'bad down 10 %', 'nats', 'fewer bad than random', 'helps'],
      arms.map((arm) => {
        const { fewer, worse, beats, helps } = gate(arm);
        const against = arm === 'mle' ? ['', '', '', ''] : [`${fewer} of ${seeds.length}`, `${worse > 0 ? '+' : ''}${(100 * worse).toFixed(1)} %`, beats ? 'yes' : 'no', helps ? 'yes' : 'no'];
        return [ARM_NAMES[arm] ?? arm, over(arm, 'nats').toFixed(2), percent(over(arm, 'pairs')), percent(over(arm, 'valid')), over(arm, 'value').toFixed(2), percent(over(arm, 'bad')), over(arm, 'coolValue').toFixed(2), percent(over(arm, 'coolBad')), ...against];
      }),
    ),
  ];
}
