/*
 * Training speed of the plan actor beside a plain transformer language model of as many weights, in turns in one process; on a GPU where torch sees one.
 *
 *   npm run build && node bench/trainer.js [--size small] [--batch 8] [--rounds 5]       writes bench/results/trainer.md and .json; exit 1 below the bar
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ensurePython } from '../dist/infra/dev/python.js';
import { packageRoot } from '../dist/infra/package-root.js';
import { load, machine, machineText } from './machine.js';
import { percent, table, writeResult } from './results.js';
import { say } from './services.js';

const { values } = parseArgs({ options: { size: { type: 'string', default: 'small' }, batch: { type: 'string', default: '8' }, rounds: { type: 'string', default: '5' } } });
const BAR = 0.7;
/** Edits of a plan of the worlds: its states and labels. */
const EDITS_A_PLAN = 24;

const on = machine();
const python = await ensurePython({ projectRoot: packageRoot, say, groups: 'test' });
const options = Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
const done = spawnSync(python, ['bench/trainer.py', ...options], { cwd: packageRoot, encoding: 'utf8', maxBuffer: 1 << 26 });
if (done.status !== 0) throw new Error(done.stderr);
const measured = JSON.parse(done.stdout.trim().split('\n').at(-1) ?? '');
const { lines, ratio } = report(measured);
writeResult('trainer', lines, { machine: { ...on, loadAfter: load() }, bar: BAR, ...measured });
if (ratio < BAR) process.exitCode = 1;

/** @param {any} m */
function report(m) {
  const median = (/** @type {number[]} */ list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
  const rate = (/** @type {string} */ name, /** @type {string} */ what) => median(m.rounds.map((/** @type {any} */ round) => round[name][what]));
  const per = (/** @type {string} */ name) => rate(name, 'tokensPerS') * m.flopsAToken[name];
  const ratiosOf = (/** @type {string} */ name) => m.rounds.map((/** @type {any} */ round) => round[name].tokensPerS / round.model.tokensPerS);
  const ratioText = (/** @type {string} */ name) => `${median(ratiosOf(name)).toFixed(2)} (${Math.min(...ratiosOf(name)).toFixed(2)} to ${Math.max(...ratiosOf(name)).toFixed(2)}), in operations a second ${(per(name) / per('model')).toFixed(2)}`;
  const ratio = Math.min(...['imitation', 'em'].map((name) => median(ratiosOf(name))));
  const row = (/** @type {string} */ name, /** @type {string} */ title) => [
    title, m.weights[name].toLocaleString('en-US'), Math.round(rate(name, 'tokensPerS')).toLocaleString('en-US'), (m.flopsAToken[name] / 1e6).toFixed(1),
    (per(name) / 1e9).toFixed(1), percent(per(name) / m.peakFlops),
  ];
  return {
    ratio,
    lines: [
      '# Training speed',
      '',
      `\`npm run build && node bench/trainer.js --size ${values.size} --batch ${values.batch} --rounds ${values.rounds}\` wrote this page.`,
      '',
      `On ${m.device === 'cpu' ? `${m.threads} CPU threads` : m.device}, torch ${m.torch}. ${machineText(on, load())}`,
      '',
      `Whole training steps (forward, backward, AdamW) in turns, ${m.rounds.length} rounds, medians. The actor learns from ${m.batch} made-up situations a step, ${m.stepsAPlan} steps of a path in each: \`imitation\` of final plans alone; \`em\`, the default, all policies (M-steps and sleep are rare, and left out). The language model is causal and made of the actor's own layers, ${m.layers} of them, on ${m.batch} texts of ${m.length} tokens. Padding does not count as tokens; operations include those on it.`,
      '',
      ...table(
        ['what', 'weights', 'tokens/s', 'MFLOP a token', 'GFLOP/s', 'of the peak of a matrix product'],
        [row('imitation', 'plan actor, `imitation`'), row('fused', 'the same, `compile: true`'), row('em', 'plan actor, `em`'), row('model', 'language model')],
      ),
      '',
      `**Tokens a second, actor / model: \`imitation\` ${ratioText('imitation')}; \`em\` ${ratioText('em')}** (bar ${BAR} of tokens a second). A token of the model passes all of its weights, one of the actor those of its stack. \`imitation\` has ${((rate('imitation', 'stepsPerS') * m.batch * m.stepsAPlan) / EDITS_A_PLAN).toFixed(1)} trajectories of ${EDITS_A_PLAN} edits a second. Compiled, its first steps took ${m.fusingS.toFixed(0)} s.`,
    ],
  };
}
