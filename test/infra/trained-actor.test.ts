import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drawPlans, type DrawnPlan } from '../../infra/trained-actor.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import { relief } from '../../worlds/relief/index.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'exemplar-actor-'));
const SITUATIONS = [relief.situation(1), relief.situation(2)];
const ENV = { PATH: process.env['PATH'], HAND: 'down' };

/** A program in place of the sampler's Python. */
function interpreter(name: string, script: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const draw = async (python: string, situations: readonly SituationContent[] = SITUATIONS): Promise<DrawnPlan[][]> =>
  await drawPlans({ python, env: ENV, checkpoint: '/a checkpoint', count: 3, mode: 'planning', temperature: 0.5, seed: 5, situations });

test('the sampler is told what to draw, and of situations what a plan answers to', async () => {
  const python = interpreter('echo', `for word in "$@"; do echo "$word"; done > '${FOLDER}/told'; cat > '${FOLDER}/asked'; echo "$HAND" > '${FOLDER}/env'\necho '{"plans": []}'; echo '{"plans": []}'`);
  expect(await draw(python)).toEqual([[], []]);
  const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8').trim();
  expect(read('told').split('\n')).toEqual(['-m', 'exemplar_trainer.sample', '--checkpoint', '/a checkpoint', '--count', '3', '--mode', 'planning', '--temperature', '0.5', '--seed', '5']);
  const [first] = SITUATIONS as [SituationContent];
  const asked = JSON.parse(read('asked')) as { situations: object[] };
  expect(asked.situations).toHaveLength(2);
  expect(asked.situations[0]).toEqual({ initial: first.initial, target: first.target, agent: first.agent, task: first.task, horizon: first.horizon });
  expect(read('env')).toBe('down');
});

test.each([
  ['that finds its input wrong, reading none of it, is the mistake of who gave it', "echo '/a checkpoint holds no complete checkpoint' >&2; exit 2", 'UsageError', '/a checkpoint holds no complete checkpoint'],
  ['that fails says why in its last line', "printf 'Traceback\\n  File\\nKeyError: 1\\n' >&2; exit 1", 'Error', 'the sampler failed: KeyError: 1'],
  ['that ends without a word is named with its status', 'exit 7', 'Error', 'the sampler ended with 7'],
  ['that is killed is named with the signal', 'kill -9 $$', 'Error', 'the sampler ended with SIGKILL'],
  ['that leaves a situation out is not believed', `echo '{"plans": []}'`, 'Error', 'the sampler answered 1 of 2 situations'],
])('a sampler %s', async (_, script, name, message) => {
  // more than a pipe holds, so that a sampler that reads nothing leaves some of it unwritten
  const [first] = SITUATIONS as [SituationContent];
  const large = [{ ...first, initial: 'x'.repeat(1 << 20) }, first];
  await expect(draw(interpreter('sampler', script), large)).rejects.toMatchObject({ name, message });
});

test('what is no JSON, and what cannot be run, is said', async () => {
  await expect(draw(interpreter('babble', "echo 'a warning'"))).rejects.toThrow(/^the sampler answered no JSON: /);
  await expect(draw(join(FOLDER, 'missing'))).rejects.toThrow(/^cannot run .*missing: /);
});
