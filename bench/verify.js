/*
 * Does `exemplar verify` check a million rows in the memory that a hundred thousand take? Each dataset is checked by a process of its
 * own, whose peak is asked of the kernel; beside it, the same files are only read: hashed, unpacked, every value made.
 *
 *   npm run build && node bench/verify.js [--rows 100000,1000000]     writes bench/results/verify.md and .json; exit 1 where the peak grows by more than a half
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../dist/infra/package-root.js';
import { load, machine, machineText, seconds } from './machine.js';
import { table, writeResult } from './results.js';
import { writeSynthetic } from './synthetic.js';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '100000,1000000' } } });
const MOST_GROWTH = 1.5;

const on = machine();
const folder = mkdtempSync(join(tmpdir(), 'exemplar-bench-verify-'));
/** @type {any[]} */
const runs = [];
try {
  // tells, as the process ends, what it has used
  const meter = join(folder, 'meter.mjs');
  writeFileSync(meter, "import { writeFileSync } from 'node:fs';\nprocess.on('exit', () => writeFileSync(process.env.METER, JSON.stringify(process.resourceUsage())));\n");
  for (const rows of values.rows.split(',').map(Number)) {
    const dir = join(folder, String(rows));
    process.stderr.write(`writing ${rows} rows\n`);
    const made = await writeSynthetic(dir, rows);
    process.stderr.write(`checking ${rows} rows\n`);
    const verified = measured(meter, [join(packageRoot, 'bin', 'exemplar.js'), 'verify', dir, '--json']);
    const { ok, checks } = JSON.parse(verified.stdout);
    if (ok !== true) throw new Error(`the dataset of ${rows} rows does not verify: ${verified.stdout.slice(0, 500)}`);
    const read = measured(meter, [join(packageRoot, 'bench', 'read-dataset.js'), dir]);
    runs.push({ ...made, checks, verify: verified.used, read: read.used });
    rmSync(dir, { recursive: true });
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** @param {string} meter @param {string[]} command */
function measured(meter, command) {
  const file = `${meter}.json`;
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', meter, ...command], { env: { ...process.env, METER: file }, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr || stdout}`);
  const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(readFileSync(file, 'utf8'));
  return { stdout, used: { peakMiB: Math.round(maxRSS / 1024), cpuS: Math.round((userCPUTime + systemCPUTime) / 1e5) / 10, wallS: seconds(began) } };
}

const [first, last] = [runs[0], runs.at(-1)];
const growth = last.verify.peakMiB / first.verify.peakMiB;
writeResult(
  'verify',
  [
    '# Does `verify` check a million rows in the memory that a hundred thousand take?',
    '',
    `\`npm run build && node bench/verify.js${values.rows === '100000,1000000' ? '' : ` --rows ${values.rows}`}\` wrote this page.`,
    '',
    "Datasets as `pull` leaves them, written for the bench: plans of the relief world, worsened and mended, four versions a situation, 256 situations a page. No model wrote them and no campaign ran. Every invariant is checked, each plan parsed and its distance to the final one computed anew. *Read* does no more than hash the same files, unpack them and make every value of every row: the ratio is of CPU times.",
    '',
    machineText(on, load()).replace(', which the model, the workers, Temporal and S3 all share', ''),
    '',
    ...table(
      ['rows', 'situations', 'files', 'MiB', 'checks', 'peak RSS, MiB', 'CPU s', 'wall s', 'CPU ms a row', 'read: peak RSS, MiB', 'read: CPU s', 'verify : read'],
      runs.map(({ rows, situations, files, bytes, checks, verify, read }) => [rows, situations, files, Math.round(bytes / 2 ** 20), checks, verify.peakMiB, verify.cpuS, verify.wallS, ((1000 * verify.cpuS) / rows).toFixed(2), read.peakMiB, read.cpuS, (verify.cpuS / read.cpuS).toFixed(1)]),
    ),
    '',
    `The peak of the largest is ${growth.toFixed(2)} times that of the smallest; at most ${MOST_GROWTH} may be.`,
  ],
  { machine: on, runs },
);
if (growth > MOST_GROWTH) process.exitCode = 1;
