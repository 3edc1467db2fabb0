/*
 * Preloaded into a process, counts where its JavaScript spends its time, and writes milliseconds by package when it ends:
 *
 *   PROFILE=/some/folder NODE_OPTIONS="--import $PWD/bench/profile.js" node bench/orchestration.js
 *
 * One file a thread. Sampling costs some CPU of its own, and on a busy machine a sample may fall into time that another process had.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';

/** @typedef {import('node:inspector').Profiler.Profile} Profile */
/** @typedef {Profile['nodes'][number]['callFrame']} Frame */

const SAMPLE_US = 500;
const folder = process.env['PROFILE'];

if (folder !== undefined && process.argv.some((each) => each === 'worker' || each.endsWith('worker.js'))) {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US });
  session.post('Profiler.start');
  process.once('exit', () => {
    session.post('Profiler.stop', (error, answer) => {
      if (error !== null) return;
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${process.pid}-${threadId}.json`), `${JSON.stringify(msByOwner(answer.profile), null, 2)}\n`);
    });
  });
}

/**
 * Milliseconds by the package, or the folder of this project, whose function was running or had called into Node.
 * @param {Profile} profile
 */
function msByOwner({ nodes, samples = [], timeDeltas = [] }) {
  /** @type {Map<number, Frame>} */
  const frames = new Map(nodes.map((node) => [node.id, node.callFrame]));
  /** @type {Map<number, number>} */
  const parents = new Map();
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id);
  /** @type {Map<number, string>} */
  const owners = new Map();
  for (const id of frames.keys()) owners.set(id, ownerOf(id, frames, parents));
  /** @type {Map<string, number>} */
  const ms = new Map();
  for (const [i, id] of samples.entries()) {
    const owner = owners.get(id) ?? 'node';
    ms.set(owner, (ms.get(owner) ?? 0) + (timeDeltas[i] ?? 0) / 1000);
  }
  return Object.fromEntries([...ms].sort(([, a], [, b]) => b - a).map(([owner, spent]) => [owner, Math.round(spent)]));
}

/** @param {number} id @param {Map<number, Frame>} frames @param {Map<number, number>} parents */
function ownerOf(id, frames, parents) {
  const { functionName } = /** @type {Frame} */ (frames.get(id));
  if (/^\((idle|program|garbage collector)\)$/.test(functionName)) return functionName;
  for (let at = /** @type {number | undefined} */ (id); at !== undefined; at = parents.get(at)) {
    const url = frames.get(at)?.url ?? '';
    const owner = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? /\/dist\/([^/]+)\//.exec(url)?.[1];
    if (owner !== undefined) return owner;
  }
  return 'node';
}
