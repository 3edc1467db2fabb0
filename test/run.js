#!/usr/bin/env node
// `npm test`: gets what the tests need, runs vitest and pytest for real, and ends with one line that sums them.
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { temporalBinary } from '../dist/infra/dev/temporal.js';
import { s3Binary } from '../dist/infra/dev/s3.js';
import { ensurePython } from '../dist/infra/dev/python.js';
import { packageRoot } from '../dist/infra/package-root.js';

const say = (line) => console.log(line);
const results = mkdtempSync(join(tmpdir(), 'exemplar-tests-'));
// tests never see the user's services, keys or files
const hidden = /^(ANTHROPIC_|AWS_|TEMPORAL_|EXEMPLAR_)/;
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !hidden.test(name)));
const chosen = process.argv.slice(2);

// servers are compiled while packages are downloaded
const [servers, { python, oracle }] = await Promise.all([serverFolders(), pythons()]);

// at once: vitest's tests wait for servers and timers for most of their time. What pytest says comes when both have ended.
const vitestReport = join(results, 'vitest.json');
const pytestReport = join(results, 'pytest.xml');
const pytestLog = join(results, 'pytest.log');
const log = openSync(pytestLog, 'w');
const [vitest, pytest] = await Promise.all([
  run('npx', ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`, ...chosen], { ...env, EXEMPLAR_TEST_PYTHON: python }, 'inherit'),
  // it looks for the servers on PATH, and gives way to vitest, whose tests have deadlines; two processes, one thread each, as its tests seldom use more
  run('nice', ['-n', '15', python, '-m', 'pytest', '-q', '-rs', '-n', '2', '--dist', 'loadfile', 'trainer/tests', `--junitxml=${pytestReport}`], { ...env, OMP_NUM_THREADS: '1', PATH: [...servers, env.PATH].join(delimiter), PYTHONPATH: join(packageRoot, 'trainer'), EXEMPLAR_ORACLE_PYTHON: oracle }, log),
]);
console.log(readFileSync(pytestLog, 'utf8'));

const counts = [vitestCounts(), pytestCounts()];
rmSync(results, { recursive: true, force: true });
const passed = counts[0].passed + counts[1].passed;
// a runner that died without a failing test still counts as one failure
const failed = counts.reduce((sum, each, i) => sum + Math.max(each.failed, [vitest, pytest][i] === 0 ? 0 : 1), 0);
console.log(`vitest: ${counts[0].passed} passed, ${counts[0].failed} failed, ${counts[0].skipped} skipped; pytest: ${counts[1].passed} passed, ${counts[1].failed} failed, ${counts[1].skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function serverFolders() {
  const binaries = await Promise.all([temporalBinary({ say }), s3Binary({ say })]);
  return binaries.filter((binary) => isAbsolute(binary)).map((binary) => dirname(binary));
}

async function pythons() {
  const python = await ensurePython({ projectRoot: packageRoot, say, groups: 'test' });
  return { python, oracle: await ensurePython({ projectRoot: packageRoot, say, groups: 'oracle' }) };
}

/** Resolves with the exit status; null: it could not be started, or was killed. */
function run(command, args, childEnv, out) {
  const child = spawn(command, args, { cwd: packageRoot, env: childEnv, stdio: ['inherit', out, out] });
  return new Promise((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
}

function vitestCounts() {
  const report = read(vitestReport);
  if (report === null) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = JSON.parse(report);
  return { passed: numPassedTests, failed: Math.max(numFailedTests, Math.min(numFailedTestSuites, 1)), skipped: numPendingTests };
}

function pytestCounts() {
  const report = read(pytestReport);
  if (report === null) return { passed: 0, failed: 1, skipped: 0 };
  const number = (name) => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(report)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  return { passed: number('tests') - failed - number('skipped'), failed, skipped: number('skipped') };
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
