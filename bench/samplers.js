/*
 * How close samplers come to an exact law (bench/samplers.py), as bench/results/samplers.md.
 *
 *   npm run build && node bench/samplers.js [LINES]      LINES: what bench/samplers.py wrote before; otherwise it runs, some 15 min of one core
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePython } from '../dist/infra/dev/python.js';
import { packageRoot } from '../dist/infra/package-root.js';
import { table, writeResult } from './results.js';

/** @typedef {{ policy: string, loss: string, trajectories: number, seed: number, tv: number, logZError: number | null }} Fit */

/** Of a table; a transformer's is five times as wide. @type {Record<number, number>} */
const BARS = { 20_000: 0.01, 40_000: 0.002 };
const NAMES = /** @type {Record<string, string>} */ ({ modified_subtb: 'modified SubTB', modified_db: 'modified DB', tb: 'TB', subtb: 'SubTB', fl_db: 'FL-DB', db: 'DB' });

const given = process.argv[2];
const lines = given === undefined ? await measured() : readFileSync(given, 'utf8');
/** @type {Fit[]} */
const fits = lines.trim().split('\n').map((line) => JSON.parse(line));
const budgets = [...new Set(fits.map(({ trajectories }) => trajectories))];
const arms = [...new Set(fits.map(({ policy, loss }) => `${policy}/${loss}`))];
const seeds = new Set(fits.map(({ seed }) => seed)).size;
writeResult('samplers', page(), { bars: BARS, fits });

async function measured() {
  const python = await ensurePython({ projectRoot: packageRoot, say: console.error, groups: 'test' });
  return execFileSync(python, [join(packageRoot, 'bench', 'samplers.py')], { encoding: 'utf8', env: { ...process.env, OMP_NUM_THREADS: '1' }, stdio: ['ignore', 'pipe', 'inherit'] });
}

function page() {
  return [
    '# Samplers against an exact law',
    '',
    `\`npm run build && node bench/samplers.js\`. The 338 plans of one label and two states; total variation to exp(-E) / Z, computed by dynamic programming, lowest and highest of ${seeds} seeds.`,
    `Bars: ${Object.entries(BARS).map(([trajectories, bar]) => `${bar} after ${Number(trajectories).toLocaleString('en-US')}`).join(', ')} trajectories for the table that modified SubTB trains (the default loss), five times as much for the transformer; |logZ error| 0.005.`,
    'Tables: Adam at 0.03 for all, falling to 0, P_B learnt; the losses with a flow share that rate between policy and flow, untuned. Transformer: two layers, Adam at 0.003.',
    '',
    ...table(
      ['policy', 'loss', ...budgets.map((each) => `TV after ${each.toLocaleString('en-US')}`), 'logZ error at the end'],
      arms.map((arm) => {
        const mine = fits.filter(({ policy, loss }) => `${policy}/${loss}` === arm);
        const [policy, loss] = arm.split('/');
        return [policy ?? '', NAMES[loss ?? ''] ?? arm, ...budgets.map((budget) => range(mine.filter(({ trajectories }) => trajectories === budget).map(({ tv }) => tv))), end(mine)];
      }),
    ),
  ];
}

/** @param {Fit[]} mine */
function end(mine) {
  const errors = mine.filter(({ trajectories }) => trajectories === budgets.at(-1)).flatMap(({ logZError }) => logZError ?? []);
  return errors.length === 0 ? 'has none' : `at most ${Math.max(...errors).toFixed(4)}`;
}

/** @param {number[]} values */
function range(values) {
  return `${Math.min(...values).toFixed(4)} to ${Math.max(...values).toFixed(4)}`;
}
