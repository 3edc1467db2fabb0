/*
 * One larger campaign from situations to a trained actor, and how well the actor ranks plans that it has not seen.
 *
 *   npm run build && node bench/ranking.js          writes bench/results/ranking.md and .json; about ten minutes on two cores
 */
import { join } from 'node:path';
import { readTokens } from '../dist/cli/campaign/table.js';
import { valuesByVersion } from '../dist/cli/demo/values.js';
import { trainToEnd } from '../dist/cli/training/training.js';
import { readCampaignSource } from '../dist/infra/campaign-source.js';
import { packageRoot } from '../dist/infra/package-root.js';
import { readFileAs } from '../dist/infra/read-file.js';
import { TrainFile } from '../dist/schemas/training.js';
import { output, outcomesOf, runCampaign } from './campaign.js';
import { cpuSeconds, cpuSince, load, machine, machineText, seconds } from './machine.js';
import { percent, table, writeResult } from './results.js';
import { addTrainer, down, emptyFolder, withServices } from './services.js';
import { gainOf } from './statistics.js';

const SEEDS = [1, 2, 3];
const SPLITS = /** @type {const} */ (['train', 'validation', 'test']);

const on = machine();
const dir = await emptyFolder('ranking');
try {
  await withServices({ dir }, async (session) => {
    const source = await readCampaignSource(join(packageRoot, 'bench', 'ranking.yaml'));
    const before = cpuSeconds(dir);
    const { view, wallS, checks, rows } = await runCampaign(session, source);
    const cpuS = cpuSince(before, cpuSeconds(dir));
    const tokens = await readTokens(session.store, view.name);
    await addTrainer(dir);
    const file = readFileAs(join(packageRoot, 'bench', 'ranking-train.yaml'), TrainFile);
    const trainings = [];
    for (const seed of SEEDS) {
      const began = performance.now();
      const result = await trainToEnd(session, { ...file, seed, name: `${file.name}-${seed}` }, output);
      if (result === null) throw new Error('interrupted');
      trainings.push({ seed, wallS: seconds(began), result });
    }
    const loadAfter = load();
    const outcomes = outcomesOf(view);
    const values = valuesByVersion(rows);
    const gain = gainOf(rows);
    const { concurrency, actor, splits } = source.file;
    const data = { machine: { ...on, loadAfter }, simulated: view.simulated, concurrency, actor, splits, outcomes, calls: view.calls, tokens, checks, campaignWallS: wallS, cpuS, versions: rows.length, values, gain, trainings };
    writeResult('ranking', report(data), data);
  });
} finally {
  await down({ dir });
}

/** @param {any} data */
function report({ machine: m, simulated, concurrency, outcomes, calls, tokens, checks, campaignWallS, cpuS, versions, values, gain, trainings }) {
  const { draft, final, gain: rise } = gain;
  const first = trainings[0].result;
  return [
    '# From 300 situations to a ranking actor',
    '',
    '`npm run build && node bench/ranking.js` wrote this page. Campaign: `bench/ranking.yaml`; training: `bench/ranking-train.yaml`.',
    '',
    `**Simulated.** Plans, critiques and revisions are those of the simulated model under its default law (\`worlds/laws/default.json\`, hash \`${simulated.slice(0, 12)}\`, 20 ms a call) in the relief world, through the whole pipeline: HTTP, Temporal, S3, shards, Python trainer. The numbers show that the machinery carries a signal from critique to ranking; they say nothing of any language model.`,
    '',
    machineText(m, m.loadAfter),
    '',
    '## Outcomes',
    '',
    ...table(['outcome', 'situations'], Object.entries(outcomes).map(([outcome, n]) => [outcome === 'overBudget' ? 'over-budget' : outcome, n])),
    '',
    `The rows below \`planned\` sum to it. ${versions.toLocaleString('en-US')} versions of plans; \`exemplar verify\` made ${checks.toLocaleString('en-US')} checks of the dataset, and all hold.`,
    '',
    '## Time',
    '',
    ...table(
      ['what', 'value'],
      [
        ['campaign, wall time', `${campaignWallS} s`],
        ['model calls', calls],
        ['calls a second', (calls / campaignWallS).toFixed(1)],
        ...Object.entries(cpuS).map(([name, spent]) => [`CPU time of ${name}`, `${spent} s, ${((1000 * spent) / calls).toFixed(1)} ms a call`]),
        ['situations at once', concurrency],
        ['tokens in, cached ones included', tokens.input],
        ['tokens out', tokens.output],
        ...trainings.map(({ seed, wallS, result }) => [`training on ${result.device}, seed ${seed}: ${result.step} steps, wall time`, `${wallS} s`]),
      ],
    ),
    '',
    '## Exact value of the plans in the world, by version (log reward, nats)',
    '',
    ...table(
      ['version', 'mean', 'sd', '95 % of the mean', 'plans'],
      values.map(({ version, mean, sd, n }) => [version, mean.toFixed(3), sd.toFixed(3), `± ${((1.96 * sd) / Math.sqrt(n)).toFixed(3)}`, n]),
    ),
    '',
    `Each row has the situations that got so far: those that converged early are in fewer of them, so rows are not the same situations. Paired, draft against last version of the same ${rise.n} situations, converged or not: ${draft.mean.toFixed(3)} to ${final.mean.toFixed(3)}, a gain of ${rise.mean.toFixed(3)} ± ${rise.half95.toFixed(3)} nats (95 %).`,
    '',
    '## Ranking by the trained actor',
    '',
    'A pair is right where the actor puts the final version above an earlier, materially different version of the same plan, by log p - log p_draft: how much likelier it holds a plan to be a final one than a draft. *nats a plan* is the mean -log p of the final versions. Situations of validation and test were not trained on. The 95 % interval (Wilson) counts a situation, not a pair, as a trial. *Longer first* is what the rule "the plan with more nodes is better" would get: an actor that learned more than length must beat it.',
    '',
    ...table(
      ['split', 'seed', 'nats a plan', 'pairs right', '95 %', 'chance', 'longer first', 'pairs', 'best first', 'its chance', 'situations'],
      SPLITS.flatMap((split) =>
        trainings.map(({ seed, result: { [split]: r } }) => [
          split, seed, r.nats.toFixed(1), percent(r.pairAccuracy), r.interval.map((/** @type {number} */ end) => (100 * end).toFixed(1)).join('–'), percent(r.chance), percent(r.longerFirst), r.pairs, percent(r.top1), percent(r.top1Chance), r.situations,
        ]),
      ),
    ),
    '',
    `Settings are those of the demo with larger batches, more epochs and the default learning rate, and were not tuned here; generation ${first.generation} of the campaign, one run a seed, none left out.`,
  ];
}
