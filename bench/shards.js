/*
 * How fast is the writer of the shards, beside pyarrow's? The rows of a simulated campaign's data files, as objects, written again by each in turn:
 * ours through `writeArrow`, pyarrow's by `Table.from_pylist(rows, schema)` and `ipc.new_file`, with the same codec, level and rows a record batch.
 *
 *   npm run build && node bench/shards.js [--rounds 15] [--dataset DIR]
 *                                                   writes bench/results/shards.md and .json; exit 1 where a median is below the bar
 *
 * DIR is a folder that `pull` filled. Without one, the campaign of bench/ranking.yaml is run first, which takes minutes.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { pull } from '../dist/activities/shards/pull.js';
import { readArrow } from '../dist/infra/arrow/reader.js';
import { writeArrow } from '../dist/infra/arrow/writer.js';
import { readCampaignSource } from '../dist/infra/campaign-source.js';
import { ensurePython } from '../dist/infra/dev/python.js';
import { packageRoot } from '../dist/infra/package-root.js';
import { DATA_SCHEMA } from '../dist/schemas/arrow.js';
import { runCampaign } from './campaign.js';
import { load, machine } from './machine.js';
import { percent, table, writeResult } from './results.js';
import { BENCH_FOLDER, down, emptyFolder, say, withServices } from './services.js';
import { median } from './statistics.js';

/** Least share of pyarrow's rows a second, and most difference in bytes. */
const BAR = { share: 0.5, bytes: 0.05 };
const ROWS_PER_BATCH = 1024;
const CODECS = /** @type {const} */ (['zstd', 'lz4', 'none']);
/** Rounds that nobody counts: compilers and caches warm up. */
const WARM_UP = 3;

/** Parts of the writer, by the script or the name of a function that a profile's sample was in. */
const PARTS = /** @type {const} */ ([
  ['building columns', /infra\/arrow\/(column-builder|growing|writer)\.js/, /^(encodeInto|encodeIntoResults|join)$/],
  ['compressing', /infra\/arrow\/(lz4|lz4-block|codec)\.js|wasm/, /^wasm-/],
  ['apache-arrow: messages, copies of buffers', /apache-arrow|flatbuffers|ipc-file-writer\.js/, /^$/],
  ['garbage collection', /^$/, /^\(garbage collector\)$/],
]);
const PROFILED = 10;

/** @typedef {{ wallS: number, cpuS: number, bytes: number }} Timing */

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' }, dataset: { type: 'string' } } });
const rounds = Number(values.rounds);

const on = machine();
const python = await ensurePython({ projectRoot: packageRoot, say, groups: 'train' });
const rows = await readRows(values.dataset ?? (await makeDataset()));
const pyarrow = await startPyarrow();
const codecs = [];
try {
  for (const codec of CODECS) codecs.push({ ...(await measure(codec)), time: await profile(codec) });
} finally {
  pyarrow.end();
}
const nodes = rows.reduce((sum, row) => sum + row.nodes.length, 0);
writeResult('shards', report(), { machine: { ...on, loadAfter: load() }, pyarrow: pyarrow.version, rows: rows.length, nodes, rounds, rowsPerBatch: ROWS_PER_BATCH, codecs });
if (codecs.some(({ share, bytesMore }) => share.median < BAR.share || bytesMore > BAR.bytes)) process.exitCode = 1;

/** @returns {Promise<string>} */
async function makeDataset() {
  const dir = await emptyFolder('shards');
  try {
    return await withServices({ dir }, async (session) => {
      const source = await readCampaignSource(join(packageRoot, 'bench', 'ranking.yaml'));
      await runCampaign(session, source);
      const folder = join(dir, 'pulled');
      await pull(session.store, source.file.name, folder);
      return folder;
    });
  } finally {
    await down({ dir });
  }
}

/**
 * @param {string} folder
 * @returns {Promise<import('../schemas/rows.ts').DataRow[]>}
 */
async function readRows(folder) {
  const all = [];
  for (const name of readdirSync(join(folder, 'data')).sort()) {
    for (const row of await readArrow(readFileSync(join(folder, 'data', name)))) all.push(/** @type {import('../schemas/rows.ts').DataRow} */ (row));
  }
  return all;
}

/** pyarrow in a process of its own, which holds the same rows and writes them when told. */
async function startPyarrow() {
  mkdirSync(BENCH_FOLDER, { recursive: true });
  const [rowsFile, schemaFile] = [join(BENCH_FOLDER, 'shards-rows.json'), join(BENCH_FOLDER, 'shards-schema.arrow')];
  writeFileSync(rowsFile, JSON.stringify(rows));
  writeFileSync(schemaFile, await writeArrow(DATA_SCHEMA, [], { compression: 'none' }));
  const child = spawn(python, [join(packageRoot, 'bench', 'shards_pyarrow.py'), rowsFile, schemaFile, String(ROWS_PER_BATCH)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await answers.next();
    if (done === true) throw new Error('pyarrow ended');
    return /** @type {any} */ (JSON.parse(value));
  };
  const { version } = await next();
  return {
    version: /** @type {string} */ (version),
    /** @param {string} codec @returns {Promise<Timing & { threads: number }>} */
    write: async (codec) => {
      child.stdin.write(`${codec}\n`);
      return await next();
    },
    end: () => child.stdin.end(),
  };
}

/** @param {typeof CODECS[number]} codec */
async function measure(codec) {
  /** @type {{ ours: Timing, pyarrow: Timing, share: number, cpuShare: number }[]} */
  const runs = [];
  for (let round = -WARM_UP; round < rounds; round++) {
    const ours = await write(codec);
    const theirs = await pyarrow.write(codec);
    if (round >= 0) runs.push({ ours, pyarrow: theirs, share: theirs.wallS / ours.wallS, cpuShare: theirs.cpuS / ours.cpuS });
  }
  const [first] = runs;
  if (first === undefined) throw new Error('--rounds must be at least 1');
  return {
    codec,
    ours: spread(runs.map(({ ours }) => rows.length / ours.wallS)),
    pyarrow: spread(runs.map((run) => rows.length / run.pyarrow.wallS)),
    share: spread(runs.map(({ share }) => share)),
    cpuShare: spread(runs.map(({ cpuShare }) => cpuShare)),
    cpuMs: { ours: spread(runs.map(({ ours }) => 1000 * ours.cpuS)), pyarrow: spread(runs.map((run) => 1000 * run.pyarrow.cpuS)) },
    bytes: { ours: first.ours.bytes, pyarrow: first.pyarrow.bytes },
    bytesMore: first.ours.bytes / first.pyarrow.bytes - 1,
  };
}

/** @param {typeof CODECS[number]} compression @returns {Promise<Timing>} */
async function write(compression) {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const file = await writeArrow(DATA_SCHEMA, rows, { compression, rowsPerBatch: ROWS_PER_BATCH });
  const wallS = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { wallS, cpuS: (user + system) / 1e6, bytes: file.length };
}

/**
 * Share of the time of each part, over some more writes.
 * @param {typeof CODECS[number]} codec
 * @returns {Promise<Record<string, number>>}
 */
async function profile(codec) {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 200 });
  await session.post('Profiler.start');
  for (let i = 0; i < PROFILED; i++) await write(codec);
  const { profile: found } = await session.post('Profiler.stop');
  session.disconnect();
  /** @type {Record<string, number>} */
  const spent = {};
  const partOf = new Map(found.nodes.map(({ id, callFrame: { functionName, url } }) => [id, PARTS.find(([, script, name]) => (url !== '' && script.test(url)) || name.test(functionName))?.[0] ?? 'the rest']));
  let whole = 0;
  for (const [i, id] of (found.samples ?? []).entries()) {
    const part = partOf.get(id) ?? 'the rest';
    const micros = found.timeDeltas?.[i] ?? 0;
    spent[part] = (spent[part] ?? 0) + micros;
    whole += micros;
  }
  return Object.fromEntries(Object.entries(spent).map(([part, micros]) => [part, micros / whole]));
}

/** @param {number[]} numbers */
function spread(numbers) {
  return { median: median(numbers), least: Math.min(...numbers), most: Math.max(...numbers) };
}

function report() {
  const whole = (/** @type {number} */ n) => Math.round(n).toLocaleString('en-US');
  const shares = (/** @type {ReturnType<typeof spread>} */ { median: middle, least, most }) => `${middle.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`;
  const counts = (/** @type {ReturnType<typeof spread>} */ { median: middle, least, most }) => `${whole(middle)} (${whole(least)} to ${whole(most)})`;
  return [
    '# The writer of the shards beside pyarrow',
    '',
    `\`npm run build && node bench/shards.js --rounds ${rounds}\` wrote this page${values.dataset === undefined ? '' : ', with `--dataset` and a folder pulled from an earlier run'}.`,
    '',
    `**Simulated** plans, real writers: ${whole(rows.length)} data rows with ${whole(nodes)} nodes, held as objects by both. In each round ours writes them, then pyarrow ${pyarrow.version} (\`pa.Table.from_pylist(rows, schema)\`, then \`ipc.new_file\`), into memory, ${ROWS_PER_BATCH} rows a record batch, zstd at level 3, LZ4 at its default. pyarrow compresses with one thread a core, as it does by itself; ours uses one. ${WARM_UP} rounds before the counted ones warm both up. Shares are of the same round; median (least to most) of ${rounds} rounds.`,
    '',
    `${on.date}; ${on.cores} cores (${on.cpu}), ${on.memoryGiB} GiB, Node ${on.node}; load average ${on.loadBefore} before and ${load()} after, of what else was at work.`,
    '',
    ...table(
      ['codec', 'rows a second', "pyarrow's", `share (bar ${BAR.share})`, 'share by CPU time', 'CPU ms', "pyarrow's CPU ms"],
      codecs.map((each) => [each.codec, counts(each.ours), counts(each.pyarrow), `**${shares(each.share)}**`, shares(each.cpuShare), counts(each.cpuMs.ours), counts(each.cpuMs.pyarrow)]),
    ),
    '',
    ...table(
      ['codec', 'bytes', "pyarrow's", `more (bar ${100 * BAR.bytes} %)`],
      codecs.map(({ codec, bytes, bytesMore }) => [codec, bytes.ours, bytes.pyarrow, `${(100 * bytesMore).toFixed(2)} %`]),
    ),
    '',
    `Where our time goes, by a sampling profile of ${PROFILED} more writes:`,
    '',
    ...table(
      ['part', ...CODECS],
      [...PARTS.map(([part]) => part), 'the rest'].map((part) => [part, ...codecs.map(({ time }) => percent(time[part] ?? 0))]),
    ),
  ];
}
