#!/usr/bin/env node
// Records the histories that test/durability/replay.test.ts replays, with the simulated model on services of their own:
//   npm run build && node test/histories/record.js [PREFIX [CASE ...]]
// A changed workflow keeps the histories it has, and gets new ones under another PREFIX (default: first) for its new branch.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Context } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { stringify } from 'yaml';
import { formatTries } from '../../dist/activities/ranges.js';
import { addSetting } from '../../dist/infra/campaign-records.js';
import { choosePorts } from '../../dist/infra/dev/ports.js';
import { down, startProcess, stopProcess, up } from '../../dist/infra/dev/services.js';
import { temporalBinary, temporalService } from '../../dist/infra/dev/temporal.js';
import { packageRoot } from '../../dist/infra/package-root.js';
import { S3Store } from '../../dist/infra/store-s3.js';
import { sha256Hex } from '../../dist/schemas/canonical.js';
import { manifestKey, objectKey, outcomesPrefix } from '../../dist/schemas/keys.js';
import { batchWaitSignal, controlSignal, pauseSignal, progressQuery, QUEUES, resumeSignal, settingsSignal, trainingQuery, trainWorkflowId, waitingSignal } from '../../dist/workflows/messages.js';

const CASES = { plain, budgeted, train, 'train-cancelled': trainCancelled, 'train-paused': trainPaused, 'train-waited': trainWaited, paused, cancelled, changed, unconverged, continued, equipped, imagined, failing, batched, refused, promised, oscillating, reopened, levels, outage, pages, 'called-off': calledOff, scattered, generations };
/** Events after which the server of the case `continued` suggests to continue as new. */
const SHORT_HISTORY = 40;
/** Above the events after which a situation continues as new. */
const MANY_SIGNALS = 2_050;

const [prefix = 'first', ...chosen] = process.argv.slice(2);
const durability = join(packageRoot, 'test', 'durability', 'campaign');
const dir = mkdtempSync(join(tmpdir(), 'exemplar-histories-'));
/** What cases change in the law of the durability tests, under which critics and revisions often call a tool where one is offered. */
const LAWS = {
  // most answers must be repaired, many cannot be, and some are refused
  failing: { faults: { malformed: 0.6, refusal: 0.02, times: 9 } },
  refused: { faults: { refusal: 1, times: 9 } },
  // what is mended breaks again
  oscillating: { flaw: 0, detect: 1, mend: 1, break: 0.5, falseAlarm: 0.5, heed: 0 },
  // only an explanation given anew lets critics see the flaws
  reopened: { flaw: 0.9, detect: 1, mend: 1, break: 0, falseAlarm: 0, anchored: 1 },
};
let services;
let connection;
let client;
let store;
for (const name of chosen.length === 0 ? Object.keys(CASES) : chosen) await onServices(name, CASES[name]);
rmSync(dir, { recursive: true, force: true });

/** Works with services of its own; for the case `continued` Temporal suggests a continue-as-new early. */
async function onServices(name, work) {
  const short = name === 'continued';
  const temporal = short ? await startShortTemporal() : null;
  const only = [...(short ? [] : ['temporal']), 's3', 'sim-model', 'worker'];
  const env = temporal === null ? undefined : { TEMPORAL_ADDRESS: temporal.address };
  services = await up({ dir, only, law: lawOf(name), say: console.log, env });
  const { bucket, s3Endpoint: endpoint, accessKeyId, secretAccessKey } = services;
  store = new S3Store({ bucket, endpoint, credentials: { accessKeyId, secretAccessKey } });
  connection = await Connection.connect({ address: services.temporalAddress });
  client = new Client({ connection });
  try {
    await work();
  } finally {
    await connection.close();
    await down({ dir });
    if (temporal !== null) await stopProcess(temporal.running, 10_000);
  }
}

/** The law file of a case. */
function lawOf(name) {
  const file = join(dir, `${name}-law.json`);
  const usual = JSON.parse(readFileSync(join(durability, 'law.json'), 'utf8'));
  writeFileSync(file, JSON.stringify({ ...usual, toolUse: 0.3, batch: { latencyMs: 1_000, expire: 0.1, error: 0.1 }, ...LAWS[name] }));
  return file;
}

async function startShortTemporal() {
  const service = temporalService(await temporalBinary(), dir).on(await choosePorts({ grpc: [], ui: [] }));
  const command = [...service.command, '--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${SHORT_HISTORY}`];
  const running = await startProcess({ mark: `${dir}:short-temporal`, command, env: process.env, cwd: dir, log: join(dir, 'short-temporal.log') });
  while (!(await service.ready(running.pid).catch(() => false))) await sleep(100);
  await service.prepare();
  return { running, address: service.address };
}

async function plain() {
  await run({ name: 'plain' });
  await keepPages('plain');
  await keepOutcomes('plain');
}

/** Little money: situations ask their page for more, and the last ones are turned away. */
async function budgeted() {
  await run({ name: 'budgeted', budget: 0.3, model: { name: 'claude-sonnet-4-5', maxOutputTokens: 2_000 } });
  await keepPages('budgeted');
  await keepOutcomes('budgeted');
}

/** The training workflow. */
async function train() {
  await onTrainer(async (start) => await (await start('plain')).handle.result());
  await keep('train', `${prefix}-plain`, { workflowId: 'exemplar/train/plain' });
}

/** Cancelled while it trains. */
async function trainCancelled() {
  await onTrainer(async (start) => {
    const { handle, begun } = await start('cancelled', { lasting: 1 });
    await begun();
    await handle.cancel();
    await handle.result().catch(() => undefined);
  });
  await keep('train', `${prefix}-cancelled`, { workflowId: 'exemplar/train/cancelled' });
}

/** Paused while it trains, and let go on. */
async function trainPaused() {
  await onTrainer(async (start) => {
    const { handle, begun } = await start('paused', { lasting: 1 });
    await begun();
    await handle.signal(pauseSignal);
    while ((await handle.describe()).raw.pendingActivities.length > 0) await sleep(50);
    await handle.signal(resumeSignal);
    await handle.result();
  });
  await keep('train', `${prefix}-paused`, { workflowId: 'exemplar/train/paused' });
}

/** Begun before its data are there. */
async function trainWaited() {
  await onTrainer(async (start) => {
    const { handle } = await start('waited', { wait: true });
    while ((await handle.query(trainingQuery)).waiting === '') await sleep(50);
    await store.putIfAbsent(manifestKey('waited', 1), '{}');
    await handle.result();
  });
  await keep('train', `${prefix}-waited`, { workflowId: 'exemplar/train/waited' });
}

/** Works with a stand-in for the Python activity: the first `lasting` ones go on until they are cancelled, others end at once. */
async function onTrainer(work) {
  let begin;
  const begun = new Promise((resolve) => (begin = resolve));
  let starts = 0;
  const trains = async ({ name, lasting = 0 }) => {
    begin();
    if (++starts <= lasting) {
      const beats = setInterval(() => Context.current().heartbeat({}), 50);
      await Context.current().cancelled.finally(() => clearInterval(beats));
    }
    return { run: name, step: 1 };
  };
  const native = await NativeConnection.connect({ address: services.temporalAddress });
  const worker = await Worker.create({ connection: native, taskQueue: QUEUES.train, activities: { train: trains }, maxHeartbeatThrottleInterval: 100, defaultHeartbeatThrottleInterval: 100 });
  const start = async (name, fields = {}) => {
    const handle = await client.workflow.start('train', { taskQueue: QUEUES.orchestrate, workflowId: trainWorkflowId(name), args: [{ name, campaign: name, ...fields }] });
    return { handle, begun: () => begun };
  };
  await worker.runUntil(work(start));
  await native.close();
}

/** Held in the middle, and let go on. */
async function paused() {
  const name = 'paused';
  const ended = run({ name, situations: fresh(4, 11) });
  await outcomes(name, 1);
  await change(name, { state: 'paused' });
  await progress(name, ({ state }) => state === 'paused');
  await sleep(1_000);
  await change(name, { state: 'running' });
  await ended;
  await keepPages(name);
  await keepSituation(name, ({ events }) => events.some((event) => event.workflowExecutionSignaledEventAttributes?.signalName === controlSignal.name));
}

/** Stopped in the middle: what has ended is sealed, the rest is left waiting. */
async function cancelled() {
  const name = 'cancelled';
  const ended = run({ name, situations: fresh(4, 12) });
  await outcomes(name, 1);
  await change(name, { state: 'cancelled' });
  await ended;
  await keepPages(name);
  await keepSituation(name, (_, { outcome }) => outcome === null);
}

/** More situations and a first budget while it runs. */
async function changed() {
  const name = 'changed';
  const ended = run({ name, situations: fresh(4, 13) });
  await outcomes(name, 1);
  // held, so that it cannot end before the command has changed it
  await change(name, { state: 'paused' });
  const again = run({ name, budget: 5, situations: fresh(6, 13) });
  await progress(name, ({ planned }) => planned === 6);
  await change(name, { state: 'running' });
  await Promise.all([ended, again]);
  await keepPages(name);
}

async function unconverged() {
  await run({ name: 'unconverged', situations: fresh(4, 14), actor: { alternatives: 1, maxPasses: 1 } });
  await keepSituation('unconverged', (_, { outcome }) => outcome === 'unconverged');
}

/** A campaign, first and last run, and a situation, last run: its first one holds two thousand signals. */
async function continued() {
  const name = 'continued';
  await run({ name, situations: fresh(8, 15) });
  const runs = client.workflow.list({ query: `WorkflowId="exemplar/${name}"` });
  const runIds = [];
  for await (const { runId, startTime } of runs) runIds.push({ runId, startTime });
  runIds.sort((a, b) => a.startTime - b.startTime);
  await keep('campaign', `${prefix}-continuing`, { workflowId: `exemplar/${name}`, runId: runIds[0].runId });
  await keep('campaign', `${prefix}-continued`, { workflowId: `exemplar/${name}`, runId: runIds.at(-1).runId });

  const workflowId = 'exemplar/continued/alone';
  const actor = { campaign: name, chapters: 2, maxPasses: 2, alternatives: 1, maxReopen: 2, patienceMs: 60_000, firstGrant: 0 };
  const args = [{ actor, index: 0, try: 0, page: 'exemplar/continued/no-page', allowance: null, held: true }];
  const handle = await client.workflow.start('exemplar', { taskQueue: QUEUES.orchestrate, workflowId, args });
  for (let sent = 0; sent < MANY_SIGNALS; sent += 50) await Promise.all(Array.from({ length: 50 }, () => handle.signal(controlSignal, 'hold')));
  await handle.signal(controlSignal, 'go');
  await handle.result();
  await keep('exemplar', `${prefix}-continued`, { workflowId });
}

/** Texts chosen by a step of their own, tools called, a version explained anew, and a plan taken up again after its finer plans. */
async function equipped() {
  const name = 'equipped';
  await run({ name, situations: fresh(4, 16), library: { path: join(durability, 'library'), select: 'routed' }, tools: [{ builtin: 'compute' }, { builtin: 'world' }] });
  await keepSituation(name, ({ events }) => events.some((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'runTool'));
  await exemplar('explain', name, '0');
  for await (const { workflowId } of client.workflow.list({ query: 'WorkflowType="explain"' })) await keep('explain', `${prefix}-plain`, { workflowId });

  const finer = join(dir, 'finer.yaml');
  writeFileSync(finer, stringify({ ...fields('finer'), situations: { from: 'campaign', campaign: name, level: 'days' } }));
  await exemplar('run', finer);
  // simulated sub-plans keep what their coarse actions promise: a finding is written in their stead
  const feedback = JSON.stringify({ schema: 1, from: 'finer', findings: { 0: [{ node: 's0', severity: 'minor', issue: 'the finer plan takes longer', suggestion: 'say so', quote: '' }] } });
  const sha256 = sha256Hex(feedback);
  await store.putIfAbsent(objectKey(sha256), feedback);
  await addSetting(store, name, { retry: { 0: 1 }, feedback: sha256 });
  await exemplar('resume', name);
  await keep('exemplar', `${prefix}-taken-up`, { workflowId: `exemplar/${name}/situation/0000000.1` });
}

/** Stopped by its failures, resumed, told to run to its end, and its failed situations tried once more; one situation is terminated. */
async function failing() {
  const name = 'failing';
  await run({ name, situations: fresh(8, 17), stopAfter: { failedShare: 0.1, minSample: 2 } });
  await exemplar('set', name, 'stopAfter=off');
  await exemplar('resume', name);
  await keepPages(name);
  await keepOutcomes(name);
  await exemplar('retry-failed', name);
  const [retried] = (await situations(name)).filter((workflowId) => workflowId.endsWith('.1'));
  await keep('exemplar', `${prefix}-retried`, { workflowId: retried });

  const lost = run({ name: 'lost', situations: fresh(2, 18) });
  const victim = client.workflow.getHandle('exemplar/lost/situation/0000001.0');
  while (!(await victim.terminate('by hand').then(() => true, () => false))) await sleep(50);
  await lost;
  await keep('page', `${prefix}-lost-child`, { workflowId: 'exemplar/lost/page/00000' });
}

/** Calls asked in batches, one of them expired or failed and asked again; then call by call. */
async function batched() {
  const name = 'batched';
  const ended = run({ name, model: { name: 'claude-sonnet-4-5', mode: 'batch' }, situations: fresh(4, 19), concurrency: 4 });
  await outcomes(name, 1);
  await change(name, { mode: 'interactive' });
  await ended;
  await keepPages(name);
  await keepSituation(name, () => true);
  await keep('batch', `${prefix}-plain`, { workflowId: `exemplar/${name}/batch` });
}

async function imagined() {
  const name = 'imagined';
  await run({ name, situations: { from: 'imagine', count: 4, domains: ['relief errands'], horizons: ['hours/days'], stakes: ['low', 'high'], tasks: ['plan'], seed: 1 } });
  await keep('imagine', `${prefix}-plain`, { workflowId: `exemplar/${name}/imagine` });
}

/** Turned away by the provider, and before any call by the hazard policy. */
async function refused() {
  await run({ name: 'refused', situations: fresh(1, 20) });
  await keep('exemplar', `${prefix}-refused`, { workflowId: 'exemplar/refused/situation/0000000.0' });
  const file = join(dir, 'hazards.yaml');
  const hazard = { task: 'plan', agent: 'field-rover', horizon: 'hours/days', initial: 'A terrorist cult prepares an engineered pandemic to kill all humans.', target: 'It is over.', world: { name: 'relief', seed: 20 } };
  writeFileSync(file, stringify({ situations: [hazard] }));
  await run({ name: 'screened', situations: { from: 'file', file } });
  await keep('exemplar', `${prefix}-screened`, { workflowId: 'exemplar/screened/situation/0000000.0' });
}

/** Imagined with a budget, of which each ask reserves its worst case. */
async function promised() {
  const name = 'promised';
  const situations = { from: 'imagine', count: 6, domains: ['relief errands', 'household errands'], horizons: ['hours/days'], stakes: ['low', 'high'], tasks: ['plan'], seed: 2 };
  await run({ name, situations, budget: 0.2, model: { name: 'claude-sonnet-4-5', maxOutputTokens: 2_000 } });
  await keep('imagine', `${prefix}-budgeted`, { workflowId: `exemplar/${name}/imagine` });
}

/** Back at a version that was there before: one more pass is asked to decide. */
async function oscillating() {
  await run({ name: 'oscillating', situations: fresh(8, 21), actor: { alternatives: 0, maxPasses: 6 } });
  const inputs = ({ events }) => events.flatMap((event) => event.activityTaskScheduledEventAttributes?.input?.payloads ?? []);
  await keepSituation('oscillating', (history) => inputs(history).some(({ data }) => Buffer.from(data, 'base64').includes('"decide":true')));
}

async function reopened() {
  await run({ name: 'reopened', situations: fresh(4, 22), actor: { alternatives: 1, maxPasses: 2 } });
  await keepSituation('reopened', (_, result) => result.reopened > 0);
}

/** A finer campaign: its situations are the actions of a coarser one's plans. */
async function levels() {
  await run({ name: 'coarse', situations: fresh(4, 16) });
  const name = 'levels';
  await run({ name, situations: { from: 'campaign', campaign: 'coarse', level: 'days' }, actor: { alternatives: 0, maxPasses: 1 } });
  await keepPages(name);
  await keepSituation(name, () => true);
}

/** Told that calls do not get through, it begins no further situation until it is told that they do. */
async function outage() {
  const name = 'outage';
  const ended = run({ name, situations: fresh(4, 23), actor: { alternatives: 0, maxPasses: 1 }, concurrency: 1 });
  await outcomes(name, 1);
  const handle = client.workflow.getHandle(`exemplar/${name}`);
  await handle.signal(waitingSignal, 'Model.Unavailable: the connection was refused');
  await progress(name, ({ waiting }) => waiting !== '');
  // what runs goes on
  await outcomes(name, 2);
  await handle.signal(waitingSignal, '');
  await ended;
  await keepPages(name);
}

/** Cancelled as in the Temporal UI. */
async function calledOff() {
  const name = 'called-off';
  const ended = run({ name, situations: fresh(4, 25) });
  await outcomes(name, 1);
  await client.workflow.getHandle(`exemplar/${name}`).cancel();
  await ended;
  await keep('campaign', `${prefix}-${name}`, { workflowId: `exemplar/${name}` });
}

/** Situations that wait for batches, more than one event can tell of: here their answers have all come. Several batches are due at once. */
async function scattered() {
  const name = 'scattered';
  await run({ name, model: { name: 'claude-sonnet-4-5', mode: 'batch' }, situations: fresh(8, 26), actor: { alternatives: 0, maxPasses: 1 }, concurrency: 8 });
  const workflowId = `exemplar/${name}/batch`;
  await keep('batch', `${prefix}-in-turn`, { workflowId });
  await client.workflow.getHandle(workflowId).result();
  const signalArgs = [formatTries(Array.from({ length: 1_000 }, (_, i) => ({ index: 2 * i, try: 0 })))];
  const handle = await client.workflow.signalWithStart('batch', { workflowId, taskQueue: QUEUES.orchestrate, args: [{ campaign: name }], signal: batchWaitSignal, signalArgs });
  await handle.result();
  await keep('batch', `${prefix}-${name}`, { workflowId });
}

/** Five pages, each of fewer situations than run at once; the last has fewer than slots. */
async function pages() {
  const name = 'pages';
  await run({ name, situations: fresh(9, 24), actor: { alternatives: 0, maxPasses: 1 }, concurrency: 4 });
  await keepPages(name);
  await keep('page', `${prefix}-${name}-last`, { workflowId: `exemplar/${name}/page/00004` });
}

/** Extended by as many pages as wait together for a generation of theirs: those of the first run are many. */
async function generations() {
  const name = 'generations';
  const small = { actor: { alternatives: 0, maxPasses: 1 }, pageSize: 1, concurrency: 6 };
  await run({ name, situations: fresh(170, 25), ...small });
  await run({ name, situations: fresh(180, 25), ...small });
  await exemplar('verify', name);
  await keep('campaign', `${prefix}-${name}`, { workflowId: `exemplar/${name}` });
}

/** Situations whose answers no case with another seed has stored. */
function fresh(count, seed) {
  return { from: 'world', world: 'relief', count, seed };
}

/** A campaign file of four situations in two pages. */
function fields(name) {
  return {
    name,
    situations: fresh(4, 3),
    agents: [join(packageRoot, 'agents', 'field-rover.yaml')],
    library: { path: join(durability, 'library') },
    model: { name: 'claude-sonnet-4-5' },
    actor: { alternatives: 1, maxPasses: 2 },
    pageSize: 2,
    concurrency: 2,
  };
}

/** Runs a campaign to its end, however it ends. */
async function run(given) {
  const file = join(dir, `${given.name}.yaml`);
  writeFileSync(file, stringify({ ...fields(given.name), ...given }));
  await exemplar('run', file);
}

async function exemplar(...words) {
  const env = { ...process.env, EXEMPLAR_DIR: dir, TEMPORAL_ADDRESS: services.temporalAddress };
  const child = spawn(process.execPath, [join(packageRoot, 'bin', 'exemplar.js'), ...words], { cwd: dir, env, stdio: 'inherit' });
  await once(child, 'exit');
}

/** Resolves once so many situations of the campaign have an outcome. */
async function outcomes(name, number) {
  for (;;) {
    const ended = [];
    for await (const { key } of store.list(outcomesPrefix(name))) ended.push(key);
    if (ended.length >= number) return;
    await sleep(50);
  }
}

/** Resolves once what the campaign says of itself `holds`. */
async function progress(name, holds) {
  while (!holds(await client.workflow.getHandle(`exemplar/${name}`).query(progressQuery))) await sleep(50);
}

async function change(name, setting) {
  await addSetting(store, name, setting);
  await client.workflow.getHandle(`exemplar/${name}`).signal(settingsSignal);
}

/** The campaign's history and its first page's; where that was opened twice, of its first opening. */
async function keepPages(name) {
  await keep('campaign', `${prefix}-${name}`, { workflowId: `exemplar/${name}` });
  const workflowId = `exemplar/${name}/page/00000`;
  const openings = [];
  for await (const { runId, startTime } of client.workflow.list({ query: `WorkflowId="${workflowId}"` })) openings.push({ runId, startTime });
  openings.sort((a, b) => a.startTime - b.startTime);
  await keep('page', `${prefix}-${name}`, { workflowId, runId: openings[0].runId });
}

/** One situation's history of each outcome. */
async function keepOutcomes(name) {
  const seen = new Set();
  for (const workflowId of await situations(name)) {
    const { outcome } = await client.workflow.getHandle(workflowId).result();
    if (!seen.has(outcome)) await keep('exemplar', `${prefix}-${name}-${outcome}`, { workflowId });
    seen.add(outcome);
  }
}

/** The first situation's history that `holds`, of history and result. */
async function keepSituation(name, holds) {
  for (const workflowId of await situations(name)) {
    const result = await client.workflow.getHandle(workflowId).result();
    if (holds(await show({ workflowId }), result)) return await keep('exemplar', `${prefix}-${name}`, { workflowId });
  }
  throw new Error(`no situation of ${name} shows the case: record it again`);
}

async function situations(name) {
  const ids = [];
  for await (const { workflowId } of client.workflow.list({ query: `ExemplarCampaign="${name}" AND WorkflowType="exemplar"` })) ids.push(workflowId);
  return ids.sort();
}

/** A history as Temporal's protocol JSON, without the name and the folders of this machine. */
async function show({ workflowId, runId }) {
  const of = ['--workflow-id', workflowId, ...(runId === undefined ? [] : ['--run-id', runId])];
  const command = ['workflow', 'show', '--address', services.temporalAddress, ...of, '--output', 'json', '--no-json-shorthand-payloads'];
  const { stdout } = await promisify(execFile)(await temporalBinary(), command, { maxBuffer: 2 ** 27 });
  return JSON.parse(stdout, (key, value) => (key === 'stackTrace' ? '' : typeof value === 'string' ? value.replaceAll(`@${hostname()}`, '@worker') : value));
}

async function keep(workflow, kase, execution) {
  const history = await show(execution);
  const path = join(packageRoot, 'test', 'histories', `${workflow}.${kase}.json`);
  const text = `${JSON.stringify(history)}\n`;
  writeFileSync(path, text);
  console.log(`${path}: ${history.events.length} events, ${text.length} bytes`);
}
