import { advance, openSource } from '../dist/cli/campaign/run-file.js';
import { Output } from '../dist/cli/output.js';
import { readDataRows } from '../dist/cli/demo/values.js';
import { storeSource } from '../dist/activities/shards/verify-source.js';
import { verify } from '../dist/activities/shards/verify.js';
import { seconds } from './machine.js';

/** @typedef {import('../cli/session.ts').Session} Session */
/** @typedef {import('../infra/campaign-source.ts').CampaignSource} CampaignSource */

export const output = new Output({ json: true });

/**
 * Runs a campaign to its end through the whole pipeline, and checks what it wrote.
 * @param {Session} session
 * @param {CampaignSource} source
 * @throws Error when it was interrupted, or its dataset has a fault.
 */
export async function runCampaign(session, source) {
  const { name } = source.file;
  const changed = await openSource(session, source, output);
  const began = performance.now();
  const { view, detached } = await advance(session, name, output, { detach: false, changed });
  const wallS = seconds(began);
  if (detached) throw new Error('interrupted');
  const verification = await verify(storeSource(session.store, name));
  if (verification.faults.length > 0) throw new Error(`campaign ${name}: ${verification.faults[0]}`);
  return { view, wallS, checks: verification.checks, rows: await readDataRows(session.store, name) };
}

/**
 * Every ended situation's outcome, and their sum beside what was planned.
 * @param {import('../cli/campaign/view.ts').CampaignView} view
 * @throws Error where they differ.
 */
export function outcomesOf({ planned, converged, unconverged, refused, failed, overBudget, running, waiting }) {
  const outcomes = { converged, unconverged, refused, failed, overBudget, running, waiting };
  const sum = Object.values(outcomes).reduce((a, b) => a + b, 0);
  if (sum !== planned) throw new Error(`outcomes sum to ${sum}, and ${planned} situations were planned`);
  return { planned, ...outcomes };
}
