import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { createProgram } from '../../cli/program.ts';
import { exemplar } from './exemplar.ts';

const VERBS = [
  'up', 'down', 'logs', 'ui', 'demo', 'init', 'check', 'codec-server', 'deploy', 'estimate', 'preview', 'run', 'status', 'pause', 'resume', 'cancel', 'set', 'budget',
  'retry-failed', 'reconcile', 'explain', 'show', 'stats', 'pull', 'verify', 'export', 'merge', 'gc', 'delete', 'train', 'sample', 'library', 'worker', 'sim-model',
];

test('the help lists every verb, exits with 0 and loads nothing heavy', async () => {
  const { code, stdout, stderr, ms } = await exemplar(['--help'], { cwd: tmpdir() });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const verb of VERBS) expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'));
  // the Temporal client alone takes longer than this to load
  expect(ms).toBeLessThan(1_000);
});

test('no verb is listed in this test that the program lacks, and none is missing here', () => {
  expect(createProgram().commands.map((command) => command.name()).sort()).toEqual([...VERBS].sort());
});

test('every verb takes --json', () => {
  const verbs = createProgram().commands.flatMap((command) => (command.commands.length > 0 ? command.commands : [command]));
  expect(verbs.filter((verb) => !verb.options.some(({ long }) => long === '--json')).map((verb) => verb.name())).toEqual([]);
});

test('without a verb the help goes to stderr, as a usage error', async () => {
  const { code, stdout, stderr } = await exemplar([], { cwd: tmpdir() });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('Usage: exemplar');
});
