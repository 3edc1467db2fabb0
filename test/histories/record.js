#!/usr/bin/env node
// Records the histories that test/durability/replay.test.ts replays, with the simulated model on services of their own:
//   npm run build && node test/histories/record.js [CASE]
// A changed workflow keeps the histories it has, and gets new ones under another CASE (default: first) for its new branch.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { stringify } from 'yaml';
import { down, up } from '../../dist/infra/dev/services.js';
import { temporalBinary } from '../../dist/infra/dev/temporal.js';
import { packageRoot } from '../../dist/infra/package-root.js';
import { QUEUES } from '../../dist/workflows/messages.js';

const [prefix = 'first'] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'exemplar-histories-'));
const durability = join(packageRoot, 'test', 'durability', 'campaign');
const services = await up({ dir, only: ['temporal', 's3', 'sim-model', 'worker'], law: join(durability, 'law.json'), say: console.log });
const connection = await Connection.connect({ address: services.temporalAddress });
const client = new Client({ connection });
try {
  await run({ name: 'plain' });
  // little money: situations ask their page for more, and the last ones are turned away
  await run({ name: 'budgeted', budget: 0.3, model: { name: 'claude-sonnet-4-5', maxOutputTokens: 2_000 } });
  await train();
} finally {
  await connection.close();
  await down({ dir });
  rmSync(dir, { recursive: true, force: true });
}

/** Runs a campaign of four situations in two pages and keeps its history, its first page's, and one situation's of each outcome. */
async function run(fields) {
  const { name } = fields;
  const campaign = {
    situations: { from: 'world', world: 'relief', count: 4, seed: 3 },
    agents: [join(packageRoot, 'agents', 'field-rover.yaml')],
    library: { path: join(durability, 'library') },
    model: { name: 'claude-sonnet-4-5' },
    actor: { alternatives: 1, maxPasses: 2 },
    pageSize: 2,
    concurrency: 2,
    ...fields,
  };
  const file = join(dir, `${name}.yaml`);
  writeFileSync(file, stringify(campaign));
  const child = spawn(process.execPath, [join(packageRoot, 'bin', 'exemplar.js'), 'run', file], { cwd: dir, env: { ...process.env, EXEMPLAR_DIR: dir }, stdio: 'inherit' });
  await once(child, 'exit');
  await keep('campaign', `${prefix}-${name}`, `exemplar/${name}`);
  await keep('page', `${prefix}-${name}`, `exemplar/${name}/page/00000`);
  const outcomes = new Set();
  for await (const { workflowId } of client.workflow.list({ query: `ExemplarCampaign="${name}" AND WorkflowType="exemplar"` })) {
    const { outcome } = await client.workflow.getHandle(workflowId).result();
    if (!outcomes.has(outcome)) await keep('exemplar', `${prefix}-${name}-${outcome}`, workflowId);
    outcomes.add(outcome);
  }
}

/** The training workflow, on a stand-in for the Python activity. */
async function train() {
  const native = await NativeConnection.connect({ address: services.temporalAddress });
  const worker = await Worker.create({ connection: native, taskQueue: QUEUES.train, activities: { train: ({ name }) => ({ run: name, step: 1 }) } });
  const workflowId = 'exemplar/train/plain';
  await worker.runUntil(client.workflow.execute('train', { taskQueue: QUEUES.orchestrate, workflowId, args: [{ name: 'plain', campaign: 'plain' }] }));
  await native.close();
  await keep('train', `${prefix}-plain`, workflowId);
}

/** Writes a history as Temporal's protocol JSON, without the name of this machine. */
async function keep(workflow, kase, workflowId) {
  const show = ['workflow', 'show', '--address', services.temporalAddress, '--workflow-id', workflowId, '--output', 'json', '--no-json-shorthand-payloads'];
  const { stdout } = await promisify(execFile)(await temporalBinary(), show, { maxBuffer: 2 ** 27 });
  const history = JSON.parse(stdout, (_, value) => (typeof value === 'string' ? value.replaceAll(`@${hostname()}`, '@worker') : value));
  const path = join(packageRoot, 'test', 'histories', `${workflow}.${kase}.json`);
  const text = `${JSON.stringify(history)}\n`;
  writeFileSync(path, text);
  console.log(`${path}: ${history.events.length} events, ${text.length} bytes`);
}
