// Six arms of negatives, measured exactly (bench/negatives.py), as docs/negatives.md and docs/negatives.svg.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePython } from '../dist/infra/dev/python.js';
import { packageRoot } from '../dist/infra/package-root.js';
import { ARM_NAMES, changePlot, mean } from './arms.js';
import { table } from './results.js';

/**
 * @typedef {Record<'tv' | 'kl' | 'badMass' | 'swap', number>} Measures
 * @typedef {{ badMassDown: number, tvWins: number, tvChange: number, beatsRandom: boolean, helps: boolean }} Gate
 * @typedef {{ actor: string, actorSteps: number, contexts: number, runs: { bias: number, ridge: number, arms: Record<string, Measures> }[], gates: Record<string, Gate> }} Setting
 */

const given = process.argv[2];
const measured = given === undefined ? await measure() : readFileSync(given, 'utf8');
/** @type {{ arms: string[], versions: number, weight: number, settings: Setting[] }} */
const { arms, versions, weight, settings } = JSON.parse(measured);
const seeds = settings[0]?.runs.length ?? 0;

const docs = join(packageRoot, 'docs');
writeFileSync(join(docs, 'negatives.svg'), plot());
writeFileSync(join(docs, 'negatives.md'), `${page().join('\n')}\n`);
console.log(page().join('\n'));

async function measure() {
  const python = await ensurePython({ projectRoot: packageRoot, say: console.error, groups: 'test' });
  const env = { ...process.env, PYTHONPATH: join(packageRoot, 'trainer'), OMP_NUM_THREADS: '1' };
  return execFileSync(python, [join(packageRoot, 'bench', 'negatives.py')], { encoding: 'utf8', env, maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'inherit'] });
}

function page() {
  const passed = settings.flatMap(({ actor, contexts, gates }) => Object.keys(gates).filter((arm) => gates[arm]?.helps).map((arm) => `${ARM_NAMES[arm]} (${actor} actor, ${contexts} contexts)`));
  return [
    '# Do earlier versions help as negatives?',
    '',
    '`npm run build && node bench/negatives.js`. **Simulated**: no language model took part. 338 enumerated plans, contexts of 4 numbers; the',
    'exemplary actor is a Metropolis-Hastings walk over single edits towards p*(z | c), its last plan the positive, '+ `${versions} plans on the way the negatives.`,
    'The learner is a log-linear policy with an exact normaliser that cannot hold all of p*; all laws, those of the negatives included, are computed, not sampled.',
    `Each arm adds one term (weight ${weight}) to the same likelihood of positives; one ridge for all arms, picked on the likelihood of held-out positives. ${seeds} paired seeds.`,
    '',
    'An arm helps where the mass on bad plans (below the median of p*) falls by 10 % in 5 of 6 seeds, the mean TV does not rise by more than 0.01,',
    'and bad mass is below that of random negatives. Read TV beside the arm with shuffled labels: what only smooths an overfitted learner lowers it too.',
    '',
    `**Passed: ${passed.length === 0 ? 'none' : passed.join('; ')}.**`,
    '',
    '![Change of the mass on bad plans, seed by seed](negatives.svg)',
    ...settings.flatMap((setting) => ['', `## ${setting.actor} actor (${setting.actorSteps} steps), ${setting.contexts} contexts`, '', `TV of the positives' law to p*: ${mean(setting.runs.map((run) => run.bias)).toFixed(3)}.`, '', ...armTable(setting)]),
  ];
}

/** @param {Setting} setting */
function armTable({ runs, gates }) {
  const of = (/** @type {string} */ arm, /** @type {keyof Measures} */ name) => mean(runs.map((run) => run.arms[arm]?.[name] ?? NaN)).toFixed(3);
  return table(
    ['arm', 'TV', 'KL, nats', 'bad mass', 'swap margin, nats', 'bad mass down 10 %', 'TV lower', 'helps'],
    arms.map((arm) => [ARM_NAMES[arm] ?? arm, of(arm, 'tv'), of(arm, 'kl'), of(arm, 'badMass'), of(arm, 'swap'), ...(gates[arm] ? [`${gates[arm].badMassDown} of ${seeds}`, `${gates[arm].tvWins} of ${seeds}`, gates[arm].helps ? 'yes' : 'no'] : ['', '', ''])]),
  );
}

/** One dot a seed: bad mass of the arm over that of likelihood alone, less 1. */
function plot() {
  const blocks = settings.map(({ actor, contexts: count, runs }) => ({
    title: `${actor} actor, ${count} contexts`,
    rows: arms.filter((arm) => arm !== 'mle').map((arm) => ({ arm, changes: runs.map((run) => change(run.arms, arm)) })),
  }));
  return changePlot('Mass on bad plans against likelihood alone, one dot a seed (left is better; the gate is at -10 %)', blocks);
}

/**
 * @param {Record<string, Measures>} measuresOf
 * @param {string} arm
 */
function change(measuresOf, arm) {
  return (measuresOf[arm]?.badMass ?? NaN) / (measuresOf.mle?.badMass ?? NaN) - 1;
}
