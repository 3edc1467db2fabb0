import { setTimeout as sleep } from 'node:timers/promises';
import { atBoundary } from '../../dist/test/durability/boundaries.js';

/** @typedef {import('../../test/durability/machine.ts').Machine} Machine */
/** @typedef {import('./plan.js').Kill} Kill */
/** @typedef {import('./follower.js').Follower} Follower */
/** @typedef {{ component: Kill['component'], moment: string, inFlight: string[], paid: number }} Killed `paid`: calls that had been paid for by then. */

/** How long a boundary is waited for: the campaign may have passed its last one of that kind, ms. */
const PATIENCE_MS = 45_000;
const POLL_MS = 100;

/**
 * Waits for the kill's moment and kills; what was killed stays down for a while and is started again. Null where the campaign ended
 * before the moment came.
 * @param {Machine} machine
 * @param {Kill} kill
 * @param {number} calls Calls of an undisturbed run.
 * @param {Follower} follower
 * @returns {Promise<Killed | null>}
 */
export async function perform(machine, kill, calls, follower) {
  const threshold = Math.floor(kill.at * calls);
  while (machine.paid().size < threshold && !follower.over) await sleep(POLL_MS);
  await sleep(kill.waitMs);
  if (follower.over) return null;
  const { boundary } = kill;
  let moment = `${kill.waitMs} ms after call ${threshold}`;
  let reached = false;
  if (boundary !== null) {
    const there = atBoundary(
      machine,
      boundary,
      async ({ key }) => {
        reached = true;
        moment = `where ${boundary.name} (${boundary.edge} the put of ${key})`;
        return await strike(machine, kill, follower, moment);
      },
      PATIENCE_MS,
    ).catch((error) => {
      if (reached) throw error;
      return null;
    });
    const killed = await Promise.race([there, follower.end.then(() => (reached ? there : null))]);
    if (killed !== null || follower.over) return killed;
  }
  return await strike(machine, kill, follower, moment);
}

/** @param {Machine} machine @param {Kill} kill @param {Follower} follower @param {string} moment @returns {Promise<Killed>} */
async function strike(machine, { component, downMs }, follower, moment) {
  const inFlight = await struck(machine, component, follower);
  const paid = machine.journal().length;
  await sleep(downMs);
  await machine.up();
  if (component === 'database') await follower.resume();
  if (component === 'cli' && !follower.over) follower.run();
  return { component, moment, inFlight, paid };
}

/** @param {Machine} machine @param {Kill['component']} component @param {Follower} follower @returns {Promise<string[]>} Calls in flight. */
async function struck(machine, component, follower) {
  switch (component) {
    case 'cli':
      await follower.kill();
      return [];
    case 'database':
      follower.expectEnd();
      await machine.kill('temporal');
      machine.dropTemporalDatabase();
      return [];
    case 's3':
    case 'temporal':
    case 'model':
      follower.losesServer();
      return await machine.kill(component);
    default:
      return await machine.kill(component);
  }
}
