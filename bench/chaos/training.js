import { setTimeout as sleep } from 'node:timers/promises';
import { sha256Hex } from '../../dist/schemas/canonical.js';
import { atBoundary } from '../../dist/test/durability/boundaries.js';
import { trainingFile } from './setting.js';

/** @typedef {import('../../test/durability/machine.ts').Machine} Machine */
/** @typedef {import('./plan.js').Kill} Kill */
/** @typedef {import('./kill.js').Killed} Killed */

/** Commands that follow one training: a busy machine may not answer the first. */
const COMMANDS = 3;
const PATIENCE_MS = 90_000;
/** A child process imports torch, reads shards and begins; then it trains for some seconds, ms. */
const WHILE_IT_TRAINS_MS = 8;

/**
 * Trains on the finished campaign's dataset, killing the trainer on the way. Gives the kills, and the hash of the last weights.
 * @param {Machine} machine
 * @param {string} dir
 * @param {Kill[]} kills
 */
export async function train(machine, dir, kills) {
  let over = false;
  const ended = toEnd(machine, trainingFile(dir)).finally(() => (over = true));
  /** @type {Killed[]} */
  const killed = [];
  for (const kill of kills) {
    const moment = kill.boundary === null ? `${WHILE_IT_TRAINS_MS * kill.waitMs} ms after it was there` : `where ${kill.boundary.name}`;
    const strike = async () => {
      await machine.kill('trainer');
      await sleep(kill.downMs);
      await machine.up();
      killed.push({ component: 'trainer', moment, inFlight: [], paid: machine.journal().length });
    };
    if (kill.boundary === null) await sleep(WHILE_IT_TRAINS_MS * kill.waitMs);
    if (over) break;
    if (kill.boundary === null) await strike();
    else await Promise.race([atBoundary(machine, kill.boundary, strike, PATIENCE_MS), ended]);
  }
  await ended;
  return { killed, weights: await weightsOf(machine) };
}

/** Follows a training to its end, by another command where one gave up. @param {Machine} machine @param {string} file */
async function toEnd(machine, file) {
  for (let left = COMMANDS; ; left--) {
    const { code, output } = await machine.verb('train', file, '--json').ended;
    if (code === 0) return;
    if (left === 1) throw new Error(`train ended with ${code}: ${output.trim()}`);
  }
}

/** @param {Machine} machine */
async function weightsOf({ store }) {
  let last = '';
  for await (const { key } of store.list('checkpoints/')) if (key.endsWith('model.safetensors')) last = key;
  return `${last.split('/').at(-2)} ${sha256Hex(/** @type {Uint8Array} */ (await store.get(last)))}`;
}
