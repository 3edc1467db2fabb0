/*
 * Controls: does the value of the plans rise because critics find flaws, and for no other reason? The same situations, actor and
 * pipeline under four laws of the simulated model, three of which must not show the effect.
 *
 *   npm run build && node bench/controls.js         writes bench/results/controls.md and .json; exit 1 where a control does not hold
 */
import { join } from 'node:path';
import { readCampaignSource } from '../dist/infra/campaign-source.js';
import { packageRoot } from '../dist/infra/package-root.js';
import { outcomesOf, runCampaign } from './campaign.js';
import { load, machine, machineText } from './machine.js';
import { percent, table, writeResult } from './results.js';
import { down, emptyFolder, withServices } from './services.js';
import { gainOf, wilson } from './statistics.js';

/** @typedef {{ law: string, share: [number, number], gain: { mean: number, half95: number } }} Seen */

const rises = (/** @type {Seen} */ { gain }) => gain.mean - gain.half95 > 0;

/** What each law must show; `share` is the interval of the converged share, `gain` the paired gain in nats with its half interval. */
const LAWS = [
  { law: 'default', expected: 'value rises; at least 80 % converge', holds: (/** @type {Seen} */ seen) => rises(seen) && seen.share[1] >= 0.8 },
  { law: 'no-detection', expected: 'critics see nothing: value does not rise', holds: (/** @type {Seen} */ seen) => !rises(seen) },
  { law: 'destructive', expected: 'revisions break plans: most do not converge', holds: (/** @type {Seen} */ seen) => seen.share[1] < 0.5 },
  { law: 'shuffled', expected: 'findings moved elsewhere: value does not rise', holds: (/** @type {Seen} */ seen) => !rises(seen) },
];

const on = machine();
const dir = await emptyFolder('controls');
const seen = [];
try {
  for (const { law, expected, holds } of LAWS) {
    const path = join(packageRoot, 'worlds', 'laws', `${law}.json`);
    seen.push(
      await withServices({ dir, law: path }, async (session) => {
        const source = readCampaignSource(join(packageRoot, 'bench', 'controls.yaml'));
        const { view, wallS, checks, rows } = await runCampaign(session, { ...source, file: { ...source.file, name: `control-${law}` } });
        const share = wilson(view.converged, view.planned);
        const values = gainOf(rows);
        return { law, lawHash: view.simulated, expected, holds: holds({ law, share, gain: values.gain }), outcomes: outcomesOf(view), share, ...values, calls: view.calls, checks, wallS };
      }),
    );
  }
} finally {
  await down({ dir });
}
const loadAfter = load();
const signed = (/** @type {number} */ n) => (n < 0 ? n.toFixed(3) : `+${n.toFixed(3)}`);
writeResult(
  'controls',
  [
    '# Controls',
    '',
    '`npm run build && node bench/controls.js` wrote this page. Campaign: `bench/controls.yaml`, once under each law file of `worlds/laws/`, through the whole pipeline; every dataset passed `exemplar verify`.',
    '',
    '**Simulated.** The laws differ from the default one in a single entry: `no-detection` has `detect: 0`, `destructive` has `break: 0.6`, `shuffled` has `shuffle: true`. Situations are the same; drafts are drawn by the same rates.',
    '',
    machineText(on, loadAfter),
    '',
    ...table(
      ['law', 'situations', 'converged', '95 %', 'draft: mean (sd)', 'final: mean (sd)', 'gain, paired, ± 95 %', 'n', 'calls', 'wall s', 'must show', 'holds'],
      seen.map(({ law, outcomes, share, draft, final, gain, calls, wallS, expected, holds }) => [
        law,
        outcomes.planned,
        percent(outcomes.converged / outcomes.planned),
        share.map((end) => (100 * end).toFixed(1)).join('–'),
        `${draft.mean.toFixed(3)} (${draft.sd.toFixed(3)})`,
        `${final.mean.toFixed(3)} (${final.sd.toFixed(3)})`,
        `${signed(gain.mean)} ± ${gain.half95.toFixed(3)}`,
        gain.n,
        calls,
        wallS,
        expected,
        holds ? 'yes' : '**no**',
      ]),
    ),
    '',
    'Values are exact log rewards of the world, in nats. *Final* is the last version on the main line of each of the n situations, converged or not, so that the law does not choose which situations are compared. *Rises* means that the 95 % interval of the paired gain lies above 0; intervals are normal ones, of the converged share Wilson ones.',
  ],
  { machine: { ...on, loadAfter }, laws: seen },
);
if (seen.some(({ holds }) => !holds)) process.exitCode = 1;
