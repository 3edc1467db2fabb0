import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { withSession } from '../dist/cli/session.js';
import { down, up } from '../dist/infra/dev/services.js';
import { packageRoot } from '../dist/infra/package-root.js';

/** @typedef {import('../cli/session.ts').Session} Session */
/** @typedef {import('../infra/dev/state.ts').ServiceName} ServiceName */

/** One folder a bench, with the data of its own services; git ignores it. */
export const BENCH_FOLDER = join(packageRoot, '.exemplar-bench');

const ENGINE = /** @type {ServiceName[]} */ (['temporal', 's3', 'sim-model', 'worker']);

/** @param {string} line */
export const say = (line) => void process.stderr.write(`${line}\n`);

/**
 * An empty folder for a bench's services: answers kept from an earlier run would be reused, and timings would lie.
 * @param {string} bench
 */
export async function emptyFolder(bench) {
  const dir = join(BENCH_FOLDER, bench);
  await down({ dir });
  rmSync(dir, { recursive: true, force: true });
  return dir;
}

/**
 * Runs `work` with embedded services alone, whatever the environment holds. They are left running.
 * @template T
 * @param {{ dir: string, law?: string, only?: ServiceName[] }} where
 * @param {(session: Session) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withServices({ dir, law, only = ENGINE }, work) {
  // a worker holds on to the identity of the model that it met first
  if (law !== undefined) await down({ dir, only: ['worker'] });
  const services = await up({ dir, only, say, ...(law === undefined ? {} : { law }) });
  const { temporalAddress, uiUrl, bucket, s3Endpoint, accessKeyId, secretAccessKey, simModelUrl } = services;
  return await withSession(work, {
    dir,
    temporal: { address: temporalAddress, namespace: 'default', uiUrl },
    s3: { bucket, endpoint: s3Endpoint, credentials: { accessKeyId, secretAccessKey } },
    model: { apiKey: 'simulated', baseURL: simModelUrl },
  });
}

/** @param {string} dir */
export async function addTrainer(dir) {
  await up({ dir, only: [...ENGINE, 'trainer'], say });
}

export { down };
