/*
 * The dataset loader beside Hugging Face datasets (streaming) and MosaicML Streaming: the same rows, from the same local S3 server, shuffled; rows a second
 * as dicts and as columns, time to the first batch, how well order is mixed, what a consumer waits, and what a resumed run loses.
 *
 *   npm run build && node bench/loader.js [--rows 50000] [--rounds 3]       writes bench/results/loader.md and .json; exit 1 where a bar is missed
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePython } from '../dist/infra/dev/python.js';
import { up } from '../dist/infra/dev/services.js';
import { packageRoot } from '../dist/infra/package-root.js';
import { load, machine, machineText } from './machine.js';
import { percent, table, writeResult } from './results.js';
import { down, emptyFolder, say } from './services.js';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '50000' }, rounds: { type: 'string', default: '3' } } });
const ROWS = Number(values.rows);
const ROUNDS = Number(values.rounds);
const BARS = { rows: 1, columns: 5, firstBatch: 1.5, waited: 0.01 };
/** Rows of a batch for which a consumer takes 1 ms; the first is what the bar is about: 8,000 rows a second, several times what a trainer takes. */
const CONSUMED = [8, 16, 32];
const LOADERS = /** @type {const} */ (['exemplar', 'datasets', 'streaming']);
const TITLES = { exemplar: 'exemplar_data', datasets: 'Hugging Face datasets', streaming: 'MosaicML Streaming' };
/** What each loader can do: the last has neither Arrow nor column batches. */
const MEASURES = /** @type {const} */ ([['exemplar', 'rows'], ['datasets', 'rows'], ['streaming', 'rows'], ['exemplar', 'columns'], ['datasets', 'columns'], ['exemplar', 'arrays']]);

/** @typedef {{ rows: number, s: number, cpuS: number }} Epoch */
/** @typedef {{ firstBatchS: number, cold: Epoch, warm: Epoch, peakMiB: number, settings: object }} Speed */

const on = machine();
const dir = await emptyFolder('loader');
const python = await ensurePython({ projectRoot: packageRoot, say, groups: 'test' });
const benchPython = await ensurePython({ projectRoot: packageRoot, say, groups: 'bench' });
const { s3Endpoint, bucket, accessKeyId, secretAccessKey } = await up({ dir, only: ['s3'], say });
const objects = join(dir, 's3', bucket);
const dataset = join(objects, 'datasets', 'loader-bench');
const env = {
  ...process.env, AWS_ENDPOINT_URL: s3Endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: 'us-east-1',
  BENCH_BUCKET: bucket, BENCH_MANIFEST: join(dataset, 'manifest', '000001.json'), PYTHONPATH: join(packageRoot, 'trainer'), PYTHONWARNINGS: 'ignore', HF_HUB_OFFLINE: '1',
};
try {
  say(`making ${ROWS} rows`);
  run(benchPython, ['-c', `import sys; sys.path.insert(0, 'bench/loader'); from pathlib import Path; from plans import write_dataset; write_dataset(Path(sys.argv[1]), ${ROWS})`, dataset]);
  run(benchPython, ['bench/loader/mds.py', dataset, join(objects, 'mds')]);

  /** @type {Map<string, Speed[]>} */
  const speeds = new Map(MEASURES.map((measure) => [measure.join(' '), []]));
  for (let round = 0; round < ROUNDS; round++) {
    // each loader is first, second and last in turn
    for (const [loader, what] of rotated(MEASURES, round)) speeds.get(`${loader} ${what}`)?.push(/** @type {Speed} */ (epoch(loader, what)));
  }
  const orders = Object.fromEntries(LOADERS.map((loader) => [loader, epoch(loader, 'order')]));
  const waits = Object.fromEntries(['columns', 'rows'].map((what) => [what, CONSUMED.map((batch) => epoch('exemplar', `wait-${what}`, ['--batch', String(batch)]).waitedShare)]));
  const resume = JSON.parse(run(python, ['bench/loader/resume.py', join(dir, 'resume')]));
  const data = { machine: { ...on, loadAfter: load() }, rows: ROWS, rounds: ROUNDS, bars: BARS, speeds: Object.fromEntries(speeds), orders, waits, resume };
  const { lines, holds } = report(data);
  writeResult('loader', lines, data);
  if (!holds) process.exitCode = 1;
} finally {
  await down({ dir });
}

/** @param {string} loader @param {string} what @param {string[]} [more] @returns {any} */
function epoch(loader, what, more = []) {
  const scratch = join(dir, 'scratch');
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  say(`${loader} ${what}`);
  return JSON.parse(run(benchPython, ['bench/loader/epoch.py', loader, what, '--scratch', scratch, ...more]));
}

/** The last line that a program prints. @param {string} command @param {string[]} args */
function run(command, args) {
  const done = spawnSync(command, args, { cwd: packageRoot, env, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (done.status !== 0) throw new Error(`${args.join(' ')}: ${done.stderr}`);
  return done.stdout.trim().split('\n').at(-1) ?? '';
}

/** @template T @param {readonly T[]} items @param {number} by */
function rotated(items, by) {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

/** @param {number[]} numbers */
function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? /** @type {number} */ (sorted[middle]) : (/** @type {number} */ (sorted[middle - 1]) + /** @type {number} */ (sorted[middle])) / 2;
}

/** @param {{ machine: any, rows: number, rounds: number, speeds: Record<string, Speed[]>, orders: Record<string, any>, waits: Record<string, number[]>, resume: any }} data */
function report({ machine: m, rows, rounds, speeds, orders, waits, resume }) {
  const of = (/** @type {string} */ key) => speeds[key] ?? [];
  const rate = (/** @type {Speed} */ { cold, warm }, /** @type {'s' | 'cpuS'} */ by) => (cold.rows + warm.rows) / (cold[by] + warm[by]);
  /** In each round, ours against the better of the others; the median round counts. */
  const ratio = (/** @type {string} */ own, /** @type {string[]} */ others, /** @type {'s' | 'cpuS'} */ by) =>
    median(of(own).map((speed, round) => rate(speed, by) / Math.max(...others.map((other) => rate(/** @type {Speed} */ (of(other)[round]), by)))));
  const first = median(of('exemplar rows').map((speed, round) => speed.firstBatchS / Math.min(...['datasets rows', 'streaming rows'].map((other) => of(other)[round]?.firstBatchS ?? Infinity))));
  const everyOther = ['datasets rows', 'streaming rows', 'datasets columns'];
  const bars = [
    { what: 'rows a second as dicts, against the better of the others', bar: `> ${BARS.rows} ×`, wall: ratio('exemplar rows', ['datasets rows', 'streaming rows'], 's'), cpu: ratio('exemplar rows', ['datasets rows', 'streaming rows'], 'cpuS'), holds: (/** @type {number} */ x) => x > BARS.rows },
    { what: 'Arrow batches, against the best of the others in any form', bar: `≥ ${BARS.columns} ×`, wall: ratio('exemplar columns', everyOther, 's'), cpu: ratio('exemplar columns', everyOther, 'cpuS'), holds: (/** @type {number} */ x) => x >= BARS.columns },
    { what: 'numpy arrays, against the same', bar: `≥ ${BARS.columns} ×`, wall: ratio('exemplar arrays', everyOther, 's'), cpu: ratio('exemplar arrays', everyOther, 'cpuS'), holds: (/** @type {number} */ x) => x >= BARS.columns },
    { what: 'time to the first batch of dicts, against the faster of the others', bar: `≤ ${BARS.firstBatch} ×`, wall: first, cpu: null, holds: (/** @type {number} */ x) => x <= BARS.firstBatch },
  ];
  const waited = waits.columns?.[0] ?? 1;
  const lines = [
    '# Loader', '',
    `\`npm run build && node bench/loader.js --rows ${rows} --rounds ${rounds}\``, '',
    `${rows.toLocaleString('en-US')} made-up plan rows of 9 KB (all columns; the Arrow files zstd-compressed by pyarrow), 2,048 rows a file, read from the local S3 server by one process, shuffled, in batches of 256; each loader in a process and with caches of its own, ${rounds} rounds, taking turns. Two epochs: the first from S3, the second as the loader likes it (exemplar_data and Streaming from files on disk; datasets streams again). Rates are over both; the median round counts.`, '',
    machineText(m, m.loadAfter).replace(', which the model, the workers, Temporal and S3 all share', ', which the loader and the S3 server share'), '',
    ...table(['loader', 'as', 'rows/s', 'rows/CPU s', 'second epoch, rows/s', 'first batch, s', 'peak memory, MiB'], MEASURES.map(([loader, what]) => {
      const all = of(`${loader} ${what}`);
      return [TITLES[loader], { rows: 'dicts', columns: 'Arrow batches', arrays: 'numpy arrays' }[what], Math.round(median(all.map((each) => rate(each, 's')))), Math.round(median(all.map((each) => rate(each, 'cpuS')))), Math.round(median(all.map(({ warm }) => warm.rows / warm.s))), median(all.map(({ firstBatchS }) => firstBatchS)).toFixed(2), Math.round(median(all.map(({ peakMiB }) => peakMiB)))];
    })), '',
    'Settings: exemplar_data its defaults, view `versions`; datasets `load_dataset("arrow", streaming=True)` over s3fs, `.shuffle(seed)` with its default buffer of 1,000 rows, `.with_format("arrow").iter(256)` for Arrow batches; Streaming MDS shards with zstd, size limit 64 MiB, `shuffle=True` (py1e), `batch_size=256`, the nested columns as `json`, its rows gathered in lists. Streaming has no column batches. Versions: datasets ' + `${/** @type {any} */ (of('datasets rows')[0]?.settings).version}, mosaicml-streaming ${/** @type {any} */ (of('streaming rows')[0]?.settings).version}.`, '',
    '## Bars', '',
    ...table(['what', 'bar', 'in wall time', 'in CPU time', 'holds'], bars.map(({ what, bar, wall, cpu, holds }) => [what, bar, wall.toFixed(2), cpu === null ? '' : cpu.toFixed(2), holds(wall) ? 'yes' : 'no'])), '',
    `What a consumer that takes 1 ms a batch waits of its time after the first batch, in an epoch of files on disk; the bar is ${percent(BARS.waited)} for Arrow batches of ${CONSUMED[0]} rows. Dicts are made by the interpreter that the consumer runs in.`, '',
    ...table(['rows a batch', 'rows a second, did it never wait', 'Arrow batches', 'dicts'], CONSUMED.map((batch, i) => [batch, batch * 1000, percent(waits.columns?.[i] ?? 1), percent(waits.rows?.[i] ?? 1)])), '',
    '## How well order is mixed', '',
    ...table(['loader', 'neighbours from one file', `files in a batch of 64`, 'situations in a batch of 64'], [
      ...LOADERS.map((loader) => [TITLES[loader], percent(orders[loader].neighboursOfOneFile), orders[loader].filesInABatch.toFixed(1), orders[loader].situationsInABatch.toFixed(1)]),
      ['a full permutation', ...permutation(rows)],
    ]), '',
    '## What a resumed run loses', '',
    `${resume.rows.toLocaleString('en-US')} rows; a run stops, keeps \`state_dict()\` as JSON, and another process's dataset goes on from it to the end of the epoch. datasets ${resume.datasets}, \`shuffle(buffer_size=${resume.buffer})\`, says so itself: "The shuffle buffer will be refilled". Rows lost / repeated:`, '',
    ...table(['stopped after', 'exemplar_data', 'Hugging Face datasets'], resume.stops.map((/** @type {any} */ { after, exemplar, datasets }) => [after, `${exemplar.lost} / ${exemplar.repeated}`, `${datasets.lost} / ${datasets.repeated}`])),
  ];
  return { lines, holds: bars.every(({ wall, holds }) => holds(wall)) && waited <= BARS.waited && resume.stops.every((/** @type {any} */ { exemplar }) => exemplar.lost + exemplar.repeated === 0) };
}

/** Expected figures of a uniform permutation of files of 2,048 rows, situations of 8. @param {number} rows */
function permutation(rows) {
  const expected = (/** @type {number} */ kinds) => (kinds * (1 - (1 - 1 / kinds) ** 64)).toFixed(1);
  return [percent(2048 / rows), expected(rows / 2048), expected(rows / 8)];
}
