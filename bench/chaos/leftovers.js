import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, stopProcess } from '../../dist/infra/dev/process.js';
import { readStateFile } from '../../dist/infra/dev/state.js';
import { say } from '../services.js';

/**
 * Ends what a killed bench has left running below a folder, and empties it.
 * @param {string} folder
 */
export async function clean(folder) {
  if (!existsSync(folder)) return;
  const states = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('services.json'));
  const left = states.flatMap((path) => Object.values(readStateFile(join(folder, path, '..')).processes)).filter(isAlive);
  if (left.length > 0) say(`ending ${left.length} processes that an earlier run left`);
  await Promise.all(left.map((running) => stopProcess(running, 0)));
  rmSync(folder, { recursive: true, force: true });
}
