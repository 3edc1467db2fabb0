#!/usr/bin/env node
// `npm test`: gets what the tests need, runs vitest and pytest for real, and ends with one line that sums them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

// pytest looks for the servers on PATH; two of its processes, one thread each, as its tests seldom use more
const servers = [await temporalBinary({ say }), await s3Binary({ say })].filter((binary) => isAbsolute(binary)).map((binary) => dirname(binary));
const python = await ensurePython({ projectRoot: packageRoot, say, groups: 'test' });
const oracle = await ensurePython({ projectRoot: packageRoot, say, groups: 'oracle' });

const vitestReport = join(results, 'vitest.json');
const vitest = run('npx', ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`, ...chosen], { ...env, EXEMPLAR_TEST_PYTHON: python });
const pytestReport = join(results, 'pytest.xml');
const pytest = run(python, ['-m', 'pytest', '-q', '-rs', '-n', '2', '--dist', 'loadfile', 'trainer/tests', `--junitxml=${pytestReport}`], { ...env, OMP_NUM_THREADS: '1', PATH: [...servers, env.PATH].join(delimiter), PYTHONPATH: join(packageRoot, 'trainer'), EXEMPLAR_ORACLE_PYTHON: oracle });

const counts = [vitestCounts(), pytestCounts()];
rmSync(results, { recursive: true, force: true });
const passed = counts[0].passed + counts[1].passed;
// a runner that died without a failing test still counts as one failure
const failed = counts.reduce((sum, each, i) => sum + Math.max(each.failed, [vitest, pytest][i] === 0 ? 0 : 1), 0);
console.log(`vitest: ${counts[0].passed} passed, ${counts[0].failed} failed, ${counts[0].skipped} skipped; pytest: ${counts[1].passed} passed, ${counts[1].failed} failed, ${counts[1].skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function run(command, args, childEnv) {
  return spawnSync(command, args, { cwd: packageRoot, env: childEnv, stdio: 'inherit' }).status;
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
