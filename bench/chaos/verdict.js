import { table } from '../results.js';
import { COMPONENTS } from './plan.js';

/** @typedef {Awaited<ReturnType<typeof import('./campaign.js').disturb>>} Disturbed */

/** Kills of these may have calls paid for again: those in flight where they were asked or answered. */
const HOLDS_CALLS = new Set(['worker', 'llm', 'model']);

/**
 * One row a component, and what did not hold, with the command that plays it again.
 * @param {Disturbed[]} results
 * @param {(number: number) => string} replay
 */
export function verdict(results, replay) {
  const kills = results.flatMap(({ number, kills: own }) => own.map((kill) => ({ ...kill, number })));
  const rows = Object.entries(COMPONENTS).flatMap(([component, name]) => {
    const own = kills.filter((kill) => kill.component === component);
    if (own.length === 0) return [];
    const within = results.filter(({ number }) => own.some((kill) => kill.number === number));
    const sum = (/** @type {'inFlight' | 'repaid'} */ field) => own.reduce((total, kill) => total + kill[field], 0);
    return [
      {
        component,
        name,
        kills: own.length,
        atBoundaries: own.filter(({ moment }) => moment.startsWith('where')).length,
        inFlight: sum('inFlight'),
        repaid: sum('repaid'),
        bound: HOLDS_CALLS.has(component) ? sum('inFlight') : 0,
        campaigns: within.length,
        identical: within.filter(({ identical }) => identical).length,
        faultless: within.filter(({ faults }) => faults.length === 0).length,
      },
    ];
  });
  const broken = results.filter(({ faults }) => faults.length > 0);
  const lines = [
    ...table(
      ['killed', 'kills', 'between two steps', 'calls in flight', 'paid again', 'bound', 'campaigns', 'byte-identical', 'all holds'],
      rows.map((row) => [row.name, row.kills, row.atBoundaries, row.inFlight, row.repaid, row.bound, row.campaigns, row.identical, row.faultless]),
    ),
    '',
    'A campaign is killed in several places, so it stands in several rows. Calls in flight are those that the killed process had asked, or the killed model was asked, whose answers did not lie on S3 yet; no other call may be paid for again. "All holds": data and situations files are byte-identical to an undisturbed run, `verify` passes, outcomes sum to what was planned, no call is paid for again without such an excuse, no command ended without a reason, and a trainer that was killed came to the same weights, bit for bit.',
    ...(broken.length === 0 ? [] : ['', '**What did not hold**', '']),
    ...broken.flatMap(({ number, faults }) => [`- campaign ${number} (\`${replay(number)}\`, its logs in .exemplar-bench/chaos/${number}/):`, ...faults.map((fault) => `  - ${fault.replaceAll('\n', ' ').slice(0, 500)}`)]),
  ];
  return { rows, lines, holds: broken.length === 0 && rows.every(({ repaid, bound }) => repaid <= bound) };
}
