/*
 * Does the value of the plans rise because critics find flaws, and for no other reason? Both worlds, under the law that the actor was
 * built with, one that it was not, and three controls that must not show the effect.
 *
 *   npm run build && node bench/worlds.js           writes bench/results/worlds.md, .svg and .json; exit 1 where a row does not hold
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCampaignSource } from '../dist/infra/campaign-source.js';
import { packageRoot } from '../dist/infra/package-root.js';
import { WORLDS } from '../dist/worlds/index.js';
import { pageOutcomes } from '../dist/activities/campaign-state.js';
import { loadSteps } from '../dist/activities/shards/versions.js';
import { Output } from '../dist/cli/output.js';
import { estimate } from '../dist/cli/campaign/estimate.js';
import { readTaken } from '../dist/cli/campaign/measured.js';
import { previewFile } from '../dist/cli/campaign/preview.js';
import { outcomesOf, runCampaign } from './campaign.js';
import { load, machine, machineText } from './machine.js';
import { linePlot } from './plot.js';
import { percent, table, writeResult } from './results.js';
import { down, emptyFolder, withServices } from './services.js';
import { carriedForward, gainOf, wilson } from './statistics.js';

/** @typedef {{ share: [number, number], gain: { mean: number, half95: number } }} Seen */

const rises = (/** @type {Seen} */ { gain }) => gain.mean - gain.half95 > 0;

/** What each law must show; `share` is the interval of the converged share, `gain` the paired gain in nats with its half interval. */
const LAWS = [
  { law: 'default', count: 300, expected: 'value rises; at least 80 % converge', holds: (/** @type {Seen} */ seen) => rises(seen) && seen.share[1] >= 0.8 },
  { law: 'held-out', count: 300, expected: 'value rises under rates the actor was not built with', holds: rises },
  { law: 'no-detection', count: 60, expected: 'critics see nothing: value does not rise', holds: (/** @type {Seen} */ seen) => !rises(seen) },
  { law: 'destructive', count: 60, expected: 'revisions break plans: most do not converge', holds: (/** @type {Seen} */ seen) => seen.share[1] < 0.5 },
  { law: 'shuffled', count: 60, expected: 'findings moved elsewhere: value does not rise', holds: (/** @type {Seen} */ seen) => !rises(seen) },
];
/** Situations that an estimate is measured on. */
const PREVIEWED = 24;
/** Versions that the plot shows. */
const PLOTTED = 15;

const on = machine();
const dir = await emptyFolder('worlds');
const seen = [];
try {
  for (const { law, count, expected, holds } of LAWS) {
    const path = join(packageRoot, 'worlds', 'laws', `${law}.json`);
    await withServices({ dir, law: path }, async (session) => {
      for (const world of Object.keys(WORLDS)) {
        const source = await campaignOf(world, law, count);
        const foretold = law === 'default' ? await estimated(session, source) : null;
        const { view, wallS, checks, rows } = await runCampaign(session, source);
        const share = wilson(view.converged, view.planned);
        const values = gainOf(rows);
        const answers = await answersOf(session, view.name);
        const kept = rows.filter((row) => row.critique !== null).map((row) => row.kept_share);
        seen.push({
          world, law, lawHash: view.simulated, expected, holds: holds({ share, gain: values.gain }), outcomes: outcomesOf(view), share, ...values,
          byVersion: carriedForward(rows, PLOTTED), keptShare: kept.reduce((sum, each) => sum + each, 0) / kept.length, foretold, answers, calls: view.calls, checks, wallS,
        });
      }
    });
  }
} finally {
  await down({ dir });
}

/**
 * What a preview of the first situations lets one expect of the whole campaign.
 * @param {import('../cli/session.ts').Session} session
 * @param {import('../infra/campaign-source.ts').CampaignSource} source
 */
async function estimated(session, source) {
  await previewFile(session, source, PREVIEWED, new Output({ json: true }));
  const { calls, usdCached, callsWithin, measuredOn } = estimate(source, await readTaken(session.reader, source));
  return { calls, usd: usdCached, callsWithin, measuredOn };
}

/**
 * Every answer that a campaign used, whoever paid for it: the previewed ones too.
 * @param {import('../cli/session.ts').Session} session
 * @param {string} name
 */
async function answersOf({ reader }, name) {
  const { listing } = await reader.campaign(name);
  const outcomes = [...(await pageOutcomes(reader, name, 0, listing.count)).values()].flatMap((tries) => tries.slice(-1));
  const steps = await Promise.all(outcomes.map((outcome) => loadSteps(reader, outcome)));
  const calls = steps.flat().flatMap(({ record }) => record.calls);
  return { calls: calls.length, usd: calls.reduce((sum, call) => sum + (call.nanoUsd ?? 0), 0) / 1e9 };
}

/**
 * The campaign file's source under another name, world and count.
 * @param {string} world
 * @param {string} law
 * @param {number} count
 */
async function campaignOf(world, law, count) {
  const path = join(dir, `${world}-${law}.yaml`);
  const text = readFileSync(join(packageRoot, 'bench', 'worlds.yaml'), 'utf8').replaceAll('../', `${packageRoot}/`);
  writeFileSync(path, text.replace('name: worlds', `name: ${world}-${law}`).replace('world: relief, count: 300', `world: ${world}, count: ${count}`));
  return await readCampaignSource(path);
}

const loadAfter = load();
const signed = (/** @type {number} */ n) => (n < 0 ? n.toFixed(3) : `+${n.toFixed(3)}`);
const plot = linePlot({
  title: 'Exact value of plans by version (simulated)',
  x: 'version (0 is the draft; situations that have ended keep their last one)',
  y: 'mean log reward, nats',
  series: seen.map(({ world, law, byVersion }) => ({ name: `${world}, ${law}`, points: byVersion.map(({ mean, half95 }, version) => ({ x: version, y: mean, half: half95 })) })),
});
writeFileSync(join(packageRoot, 'bench', 'results', 'worlds.svg'), plot);
writeResult(
  'worlds',
  [
    '# Two worlds, five laws',
    '',
    '`npm run build && node bench/worlds.js` wrote this page. Campaign: `bench/worlds.yaml`, once for each world under each law that is named below, through the whole pipeline; every dataset passed `exemplar verify`.',
    '',
    '**Simulated.** No language model was called. The controls differ from the default law in a single entry: `no-detection` has `detect: 0`, `destructive` has `break: 0.6`, `shuffled` has `shuffle: true`. `held-out` has other rates and gives the texts other eyes; nothing was tuned to it.',
    '',
    machineText(on, loadAfter),
    '',
    '![Mean exact value by version](worlds.svg)',
    '',
    ...table(
      ['world', 'law', 'situations', 'converged', '95 %', 'draft: mean (sd)', 'final: mean (sd)', 'gain, paired, ± 95 %', 'kept', 'calls', 'wall s', 'must show', 'holds'],
      seen.map(({ world, law, outcomes, share, draft, final, gain, keptShare, calls, wallS, expected, holds }) => [
        world,
        law,
        outcomes.planned,
        percent(outcomes.converged / outcomes.planned),
        share.map((end) => (100 * end).toFixed(1)).join('–'),
        `${draft.mean.toFixed(3)} (${draft.sd.toFixed(3)})`,
        `${final.mean.toFixed(3)} (${final.sd.toFixed(3)})`,
        `${signed(gain.mean)} ± ${gain.half95.toFixed(3)}`,
        percent(keptShare),
        calls,
        wallS,
        expected,
        holds ? 'yes' : '**no**',
      ]),
    ),
    '',
    '## Estimates',
    '',
    `\`exemplar preview -n ${PREVIEWED}\`, then \`exemplar estimate\`, then the whole campaign, which reuses the previewed answers. Bar: within 15 %. Dollars are list prices; nothing was spent.`,
    '',
    ...table(
      ['world', 'calls: estimate', 'its own 95 %', 'calls: run', 'off by', 'dollars: estimate', 'dollars: run', 'off by'],
      seen.flatMap(({ world, foretold, answers }) =>
        foretold === null ? [] : [[world, foretold.calls, `± ${percent(foretold.callsWithin)}`, answers.calls, percent(foretold.calls / answers.calls - 1), `$${foretold.usd.toFixed(2)}`, `$${answers.usd.toFixed(2)}`, percent(foretold.usd / answers.usd - 1)]],
      ),
    ),
    '',
    'Values are exact log rewards of the world, in nats. *Final* is the last version on the main line of each situation, converged or not, so that the law does not choose which situations are compared. *Rises* means that the 95 % interval of the paired gain lies above 0; intervals are normal ones, of the converged share Wilson ones. *Kept* is the share of nodes that no finding named and that a revision left as they were, on average over revisions.',
  ],
  { machine: { ...on, loadAfter }, runs: seen },
);
const near = seen.every(({ foretold, answers }) => foretold === null || (Math.abs(foretold.calls / answers.calls - 1) <= 0.15 && Math.abs(foretold.usd / answers.usd - 1) <= 0.15));
if (!near || seen.some(({ holds }) => !holds)) process.exitCode = 1;
