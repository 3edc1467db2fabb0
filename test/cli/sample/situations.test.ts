import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSampled } from '../../../cli/sample/situations.ts';
import { household } from '../../../worlds/household/index.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'exemplar-sampled-'));
const ONE = { agent: 'field-rover', horizon: 'hours/days', initial: 'At the gate.', target: 'At the mast.' };
const READ = { task: 'plan', agent: 'field-rover', horizon: ['hours', 'days'], initial: 'At the gate.', target: 'At the mast.', parent: null, world: null };

function written(name: string, text: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, text);
  return path;
}

test.each([
  ['one situation alone', 'one.yaml', 'agent: field-rover\nhorizon: hours/days\ninitial: At the gate.\ntarget: At the mast.\n', 1],
  ['one situation alone as JSON', 'one.json', JSON.stringify(ONE), 1],
  ['a bare list', 'list.yml', JSON.stringify([ONE, ONE]), 2],
  ["a campaign's file", 'campaign.yaml', JSON.stringify({ situations: [ONE, ONE, ONE] }), 3],
  ['JSON lines', 'lines.jsonl', `${JSON.stringify(ONE)}\n`, 1],
])('%s is read', async (_, name, text, times) => {
  expect(await readSampled(written(name, text))).toEqual(Array.from({ length: times }, () => READ));
});

test('a situation of a world is named by its seed', async () => {
  expect(await readSampled('world:household/12')).toEqual([household.situation(12)]);
});

test.each([
  ['an unknown key of one situation', 'key.yaml', JSON.stringify({ ...ONE, initail: 'x' }), '<file>: unknown key "initail"; did you mean "initial"? Known: task, agent, horizon, initial, target, parent, world'],
  ['an unknown key in a bare list', 'keys.yaml', JSON.stringify([ONE, { ...ONE, agnet: 'x' }]), '<file>: unknown key "situations.1.agnet"; did you mean "agent"? Known: task, agent, horizon, initial, target, parent, world'],
  ['a misspelt list', 'list.json', JSON.stringify({ situation: [ONE] }), '<file>: unknown key "situation"; did you mean "situations"? Known: situations'],
  ['an empty list', 'empty.yaml', '[]', '<file>: situations: Too small: expected array to have >=1 items'],
  ['an empty file', 'nothing.yaml', '', '<file>: expected object, received null'],
  ['a level that there is not', 'level.yaml', JSON.stringify({ ...ONE, horizon: 'hours/eons' }), '<file>: horizon.1: Invalid option: expected one of "seconds"|"minutes"|"hours"|"days"|"weeks"|"months"|"years"|"decades" (is "hours/eons")'],
  ['a prediction with a target', 'predict.yaml', JSON.stringify({ ...ONE, task: 'predict' }), '<file>: target: a prediction has no target: set target to null (is "At the mast.")'],
  ['a world that there is not', 'world.yaml', JSON.stringify({ ...ONE, world: { name: 'moon', seed: 1 } }), '<file>: world.name: no world "moon"; known: relief, household'],
  ['a world that there is not, in a list', 'worlds.yaml', JSON.stringify([ONE, { ...ONE, world: { name: 'moon', seed: 1 } }]), '<file>: situations.1: world.name: no world "moon"; known: relief, household'],
  ['another kind of file', 'text.md', '# A text', 'SITUATION: cannot read "<file>"; allowed: files ending in .yaml, .yml, .json, .jsonl, .ndjson, .parquet'],
])('%s is refused', async (_, name, text, says) => {
  const path = written(name, text);
  await expect(readSampled(path).catch((error: Error) => ({ name: error.name, message: error.message.replace(path, '<file>') }))).resolves.toEqual({ name: 'UsageError', message: says });
});
