import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Machine } from '../../dist/test/durability/machine.js';
import { BENCH_FOLDER, say } from '../services.js';
import { Follower } from './follower.js';
import { faultsOf, repaidBy } from './judge.js';
import { perform } from './kill.js';
import { settingOf } from './setting.js';
import { train } from './training.js';

/** @typedef {import('./kill.js').Killed} Killed */
/** @typedef {import('./judge.js').Measure} Measure */
/** @typedef {import('./plan.js').Campaign} Campaign */

/** Longest that a campaign may take after its last kill, ms. */
const END_MS = 10 * 60_000;

export const CHAOS_FOLDER = join(BENCH_FOLDER, 'chaos');

/** Machines at work: what must not be left running. @type {Set<Machine>} */
const working = new Set();

export async function stopAll() {
  await Promise.all([...working].map((machine) => machine.stop()));
}

/**
 * @template T
 * @param {string} name Folder of the machine; it is kept where something was wrong.
 * @param {{ variant: number, split: boolean, trainer: boolean }} how
 * @param {(machine: Machine, dir: string) => Promise<T & { faults: string[] }>} work
 */
async function onMachine(name, how, work) {
  const dir = join(CHAOS_FOLDER, name);
  rmSync(dir, { recursive: true, force: true });
  const machine = new Machine(dir, settingOf(dir, how));
  working.add(machine);
  try {
    await machine.up();
    const result = await work(machine, dir);
    await machine.stop();
    if (result.faults.length === 0) rmSync(dir, { recursive: true, force: true });
    return result;
  } finally {
    await machine.stop();
    working.delete(machine);
  }
}

/**
 * A campaign of the variant that nothing disturbs.
 * @param {number} variant
 * @param {boolean} trainer
 * @returns {Promise<Measure>}
 */
export async function measure(variant, trainer) {
  const { files, calls, weights } = await onMachine(`undisturbed-${variant}`, { variant, split: false, trainer }, async (machine, dir) => {
    const { code, output } = await machine.verb('run', machine.setting.campaign.file).ended;
    if (code !== 0) throw new Error(`the undisturbed campaign ended with ${code}: ${output}`);
    const calls = machine.paid().size;
    if (machine.paidAgain().length > 0) throw new Error('the undisturbed campaign paid for a call twice');
    const weights = trainer ? (await train(machine, dir, [])).weights : null;
    return { files: await machine.dataset(), calls, weights, faults: [] };
  });
  say(`undisturbed, variant ${variant}: ${calls} calls, ${Object.keys(files).length} files`);
  return { files, calls, weights };
}

/**
 * @param {Campaign} campaign
 * @param {Measure} undisturbed
 */
export async function disturb(campaign, undisturbed) {
  const { number, variant, split, trainer } = campaign;
  const what = `campaign ${number}`;
  return await onMachine(String(number), { variant, split, trainer }, async (machine, dir) => {
    /** @type {Killed[]} */
    const kills = [];
    const follower = new Follower(machine);
    follower.run();
    for (const kill of campaign.kills.filter(({ component }) => component !== 'trainer')) {
      const killed = await perform(machine, kill, undisturbed.calls, follower);
      if (killed === null) break;
      kills.push(killed);
      say(`${what}: killed ${killed.component} ${killed.moment}; ${killed.inFlight.length} in flight, ${machine.paid().size} of ${undisturbed.calls} calls`);
    }
    await Promise.race([follower.end, new Promise((resolve) => setTimeout(resolve, END_MS).unref())]);
    const { repaid, unexcused } = repaidBy(machine.journal(), kills);
    const faults = [...(await faultsOf(machine, undisturbed, follower)), ...unexcused];
    if (trainer && follower.view !== null) {
      const { killed, weights } = await train(machine, dir, campaign.kills.filter(({ component }) => component === 'trainer'));
      for (const each of killed) say(`${what}: killed trainer ${each.moment}`);
      kills.push(...killed);
      if (weights !== undisturbed.weights) faults.push(`the trained weights are ${weights}, undisturbed ${undisturbed.weights}`);
      const after = await machine.dataset();
      for (const [key, hash] of Object.entries(undisturbed.files)) if (after[key] !== hash) faults.push(`${key} changed while training`);
    }
    say(`${what}: ${kills.length} kills, ${repaid.reduce((a, b) => a + b, 0)} calls paid again: ${faults.length === 0 ? 'all holds' : faults.join('; ')}`);
    return { number, kills: kills.map((kill, i) => ({ ...kill, inFlight: kill.inFlight.length, repaid: repaid[i] ?? 0 })), identical: !faults.some((fault) => / is .*undisturbed/.test(fault)), faults };
  });
}
