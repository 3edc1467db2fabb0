/*
 * How large the histories of finished campaigns are, read back from Temporal event by event.
 *
 *   node bench/history.js [FOLDER...]               folders of .exemplar-bench/ (default: all) that an earlier bench filled;
 *                                                   writes bench/results/history.md and .json; exit 1 where a bound is broken
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFromPayloadsAtIndex, loadDataConverter } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { serviceStatus, up } from '../dist/infra/dev/services.js';
import { dataConverterOf } from '../dist/infra/codec/data-converter.js';
import { readPayloadKeys } from '../dist/infra/codec/payload-keys.js';
import { connectTemporal } from '../dist/infra/temporal.js';
import { table, writeResult } from './results.js';
import { BENCH_FOLDER, down, say } from './services.js';
import { median } from './statistics.js';

const converter = loadDataConverter(dataConverterOf(readPayloadKeys(process.env)));

/** Bounds that the histories of every workflow keep. */
const EVENTS_A_CALL = 7;
const EVENT_BYTES = 500;
const END_BYTES = 20_000;
const KINDS = ['exemplar', 'page', 'campaign'];
/** Events that hold a workflow's start or result: its own, or, in its parent's history, a child's. */
const OWN_ENDS = /^workflowExecution(Started|Completed|Failed|Terminated|Canceled|TimedOut|ContinuedAsNew)EventAttributes$/;
const CHILD_ENDS = /^(startChildWorkflowExecutionInitiated|childWorkflowExecution(Completed|Failed|Terminated|Canceled|TimedOut))EventAttributes$/;

/**
 * Bytes of the payloads' data in an event: arguments, results, details, memo, search attributes, summaries; not Temporal's own fields.
 * @param {unknown} value
 * @returns {number}
 */
function payloadBytes(value) {
  if (value === null || typeof value !== 'object') return 0;
  if ('data' in value && value.data instanceof Uint8Array && 'metadata' in value) return value.data.length;
  return Object.values(value).reduce((sum, inner) => sum + payloadBytes(inner), 0);
}

/**
 * One run of a workflow.
 * @param {import('@temporalio/client').Client} client
 * @param {string} workflowId
 * @param {string} runId
 */
async function measure(client, workflowId, runId) {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  /** @type {{ inner: number[], ownEnds: number[], childEnds: number[] }} */
  const sizes = { inner: [], ownEnds: [], childEnds: [] };
  for (const event of events ?? []) {
    // an event has one set of attributes, of its type
    const attributes = Object.keys(event).find((key) => key.endsWith('EventAttributes')) ?? '';
    sizes[OWN_ENDS.test(attributes) ? 'ownEnds' : CHILD_ENDS.test(attributes) ? 'childEnds' : 'inner'].push(payloadBytes(event));
  }
  const payloads = events?.at(-1)?.workflowExecutionCompletedEventAttributes?.result?.payloads;
  const result = payloads == null ? null : /** @type {{ calls: number }} */ (await decodeFromPayloadsAtIndex(converter, 0, payloads));
  return { events: events?.length ?? 0, calls: result?.calls ?? null, ...sizes };
}

/** @param {string} folder */
async function readFolder(folder) {
  const dir = join(BENCH_FOLDER, folder);
  const busy = serviceStatus(dir).some(({ alive }) => alive);
  const { temporalAddress } = await up({ dir, only: ['temporal'], say });
  const client = await connectTemporal(/** @type {any} */ ({ temporal: { address: temporalAddress, namespace: 'default' } }));
  try {
    const campaigns = [];
    for await (const { workflowId } of client.workflow.list({ query: 'WorkflowType="campaign" AND ExecutionStatus="Completed"' })) campaigns.push(workflowId.replace(/^exemplar\//, ''));
    const read = [];
    for (const campaign of campaigns.sort()) read.push(await readCampaign(client, campaign));
    return read;
  } finally {
    await client.connection.close();
    if (!busy) await down({ dir });
  }
}

/** @param {import('@temporalio/client').Client} client @param {string} campaign */
async function readCampaign(client, campaign) {
  /** @type {Record<string, Awaited<ReturnType<typeof measure>>[]>} */
  const runs = {};
  for await (const { workflowId, runId, type } of client.workflow.list({ query: `ExemplarCampaign="${campaign}"` })) {
    if (KINDS.includes(type)) (runs[type] ??= []).push(await measure(client, workflowId, runId));
  }
  say(`${campaign}: read ${Object.values(runs).flat().length} histories`);
  return { campaign, kinds: KINDS.flatMap((kind) => (runs[kind] === undefined ? [] : [summary(kind, runs[kind])])) };
}

/** @param {string} kind @param {Awaited<ReturnType<typeof measure>>[]} runs */
function summary(kind, runs) {
  const inner = runs.flatMap((run) => run.inner);
  const events = runs.map((run) => run.events);
  const calling = runs.filter((run) => run.calls !== null && run.calls > 0);
  const sum = (/** @type {number[]} */ values) => values.reduce((a, b) => a + b, 0);
  const largest = (/** @type {number[]} */ values) => values.reduce((a, b) => Math.max(a, b), 0);
  const eventsACall = { mean: sum(calling.map((run) => run.events)) / sum(calling.map((run) => run.calls ?? 0)), max: largest(calling.map((run) => run.events / (run.calls ?? 1))) };
  const bytes = { median: median(inner.filter((size) => size > 0)), max: largest(inner), maxOwnEnd: largest(runs.flatMap((run) => run.ownEnds)), maxChildEnd: largest(runs.flatMap((run) => run.childEnds)) };
  const holds = eventsACall.max <= EVENTS_A_CALL && bytes.max <= EVENT_BYTES && Math.max(bytes.maxOwnEnd, bytes.maxChildEnd) <= END_BYTES;
  return { kind, runs: runs.length, calls: sum(calling.map((run) => run.calls ?? 0)), events: { sum: sum(events), max: largest(events) }, eventsACall, bytes, holds };
}

const asked = process.argv.slice(2);
const folders = asked.length > 0 ? asked : existsSync(BENCH_FOLDER) ? readdirSync(BENCH_FOLDER) : [];
const campaigns = [];
for (const folder of folders.sort()) {
  if (!existsSync(join(BENCH_FOLDER, folder, 'services.json'))) throw new Error(`${join(BENCH_FOLDER, folder)} holds no finished bench: run bench/ranking.js or bench/worlds.js first`);
  campaigns.push(...(await readFolder(folder)));
}
if (campaigns.length === 0) throw new Error(`${BENCH_FOLDER} holds no finished campaign: run bench/ranking.js or bench/worlds.js first`);

const NAMES = /** @type {Record<string, string>} */ ({ exemplar: 'situations', page: 'pages', campaign: 'the campaign' });
writeResult(
  'history',
  [
    '# Size of histories',
    '',
    `\`node bench/history.js\` wrote this page, from the histories that \`bench/ranking.js\` and \`bench/worlds.js\` left in Temporal: every run of every workflow of the finished campaigns below.`,
    '',
    `Bounds: ${EVENTS_A_CALL} events a model call, ${EVENT_BYTES} bytes of own payload an event, ${END_BYTES.toLocaleString('en-US')} bytes for start and result. Own payload is the data of every payload in an event (arguments, results, details, memo, search attributes, summaries); Temporal's own fields are not counted. A page's history also holds the start and the result of each of its situations, and the campaign's the starts of its pages; they are shown apart and held to the bound of starts and results.`,
    '',
    ...table(
      ['campaign', 'workflows', 'runs', 'model calls', 'events', 'longest history', 'events a call, mean', 'events a call, max', 'payload an event that has any, median B', 'payload an event, max B', 'own start or result, max B', "child's start or result, max B", 'holds'],
      campaigns.flatMap(({ campaign, kinds }) =>
        kinds.map(({ kind, runs, calls, events, eventsACall, bytes, holds }) => [
          campaign, NAMES[kind] ?? kind, runs, calls, events.sum, events.max, eventsACall.mean.toFixed(2), eventsACall.max.toFixed(2), bytes.median, bytes.max, bytes.maxOwnEnd, bytes.maxChildEnd, holds ? 'yes' : '**no**',
        ]),
      ),
    ),
    '',
    'A situation makes its model calls itself; calls of pages and campaigns are those of their situations.',
  ],
  { bounds: { eventsACall: EVENTS_A_CALL, eventBytes: EVENT_BYTES, endBytes: END_BYTES }, campaigns },
);
if (campaigns.some(({ kinds }) => kinds.some(({ holds }) => !holds))) process.exitCode = 1;
