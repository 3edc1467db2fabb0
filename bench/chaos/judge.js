/** @typedef {import('../../test/durability/machine.ts').Machine} Machine */
/** @typedef {import('./kill.js').Killed} Killed */
/** @typedef {{ files: Record<string, string>, calls: number, weights: string | null }} Measure What an undisturbed run came to. */

/**
 * Calls paid for again: each belongs to the last kill before it that had the call in flight; where there is none, to no kill that may
 * have caused it.
 * @param {string[]} journal
 * @param {Killed[]} kills In order.
 */
export function repaidBy(journal, kills) {
  const repaid = kills.map(() => 0);
  /** @type {string[]} */
  const unexcused = [];
  const left = kills.map(({ inFlight }) => [...inFlight]);
  const seen = new Set();
  for (const [j, key] of journal.entries()) {
    if (!seen.has(key)) {
      seen.add(key);
      continue;
    }
    const i = kills.findLastIndex(({ paid }, k) => paid <= j && left[k]?.includes(key));
    if (i < 0) {
      const last = kills.findLast(({ paid }) => paid <= j);
      unexcused.push(`${key} was paid for again, after the kill of ${last?.component ?? 'nothing'} ${last?.moment ?? ''}`);
      continue;
    }
    repaid[i] = (repaid[i] ?? 0) + 1;
    left[i]?.splice(left[i].indexOf(key), 1);
  }
  return { repaid, unexcused };
}

/**
 * What is wrong with a campaign that has ended, in lines.
 * @param {Machine} machine
 * @param {Measure} measure
 * @param {import('./follower.js').Follower} follower
 */
export async function faultsOf(machine, measure, { view, complaints }) {
  const faults = [...complaints];
  if (view === null) return [...faults, 'the campaign did not end'];
  const { planned, converged, unconverged, refused, failed, overBudget, running, waiting } = view;
  const sum = converged + unconverged + refused + failed + overBudget + running + waiting;
  if (sum !== planned) faults.push(`outcomes sum to ${sum} of ${planned}`);
  if (failed + overBudget + running + waiting > 0) faults.push(`${failed} failed, ${overBudget} over budget, ${running} running, ${waiting} waiting`);
  const files = await machine.dataset();
  for (const key of new Set([...Object.keys(files), ...Object.keys(measure.files)])) {
    if (files[key] !== measure.files[key]) faults.push(`${key} is ${files[key] ?? 'missing'}, undisturbed ${measure.files[key] ?? 'missing'}`);
  }
  const { code, output } = await machine.verb('verify', view.name).ended;
  if (code !== 0) faults.push(`verify: ${output.trim()}`);
  return faults;
}
