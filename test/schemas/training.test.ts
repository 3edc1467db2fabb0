import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkedAs } from '../../infra/read-file.ts';
import { packageRoot } from '../../infra/package-root.ts';
import { TrainFile } from '../../schemas/training.ts';
import { testPython } from '../activities/shards/pyarrow.ts';

const NAMES = { name: 'run-1', campaign: 'demo' };
const PLACES = { uri: 's3://exemplar/datasets/demo', checkpoints: 's3://exemplar/checkpoints/run-1' };

test('following newer generations and pinning one is refused, and both are named', () => {
  expect(() => checkedAs('train.yaml', { ...NAMES, follow: true, generation: 3 }, TrainFile)).toThrow(
    'train.yaml: follow: takes up newer generations, and generation 3 pins one: give one of the two (is true)',
  );
  expect(TrainFile.parse({ ...NAMES, follow: true, wait: true })).toMatchObject({ follow: true, wait: true, generation: null });
});

test('a misspelt field gets the nearest known one', () => {
  expect(() => checkedAs('train.yaml', { ...NAMES, stepsAplan: 3 }, TrainFile)).toThrow('train.yaml: unknown key "stepsAplan"; did you mean "stepsAPlan"? Known: name, campaign, startFrom, generation');
});

/** Values of any field, right and wrong. */
const VALUES: unknown[] = [null, true, false, -1, 0, 1, 2, 0.5, '', 'x', 'demo', 'Demo', 'demo\n', 'a-name-of-three-words', [], {}];

/** Reads lists of fields from stdin; what `TrainConfig` makes of each, or null. */
const READ = `
import json, sys
from exemplar_trainer.config import TrainConfig
from exemplar_trainer.errors import ConfigError

def read(fields):
    try:
        return TrainConfig.from_json(fields).to_json()
    except ConfigError:
        return None

print(json.dumps([read(fields) for fields in json.load(sys.stdin)]))
`;

/** What the trainer makes of the fields of training files, once it is told where data and checkpoints lie; null for what it refuses. */
function inPython(files: readonly Record<string, unknown>[]): (Record<string, unknown> | null)[] {
  const input = JSON.stringify(files.map((fields) => ({ ...fields, ...PLACES })));
  return JSON.parse(execFileSync(testPython as string, ['-c', READ], { input, env: { ...process.env, PYTHONPATH: join(packageRoot, 'trainer') }, encoding: 'utf8' })) as (Record<string, unknown> | null)[];
}

describe.skipIf(testPython === null)('beside the trainer', () => {
  test('fields and defaults are the same', () => {
    const [config] = inPython([NAMES]);
    // threads: of the trainer's machine, and of no file
    const { threads, ...fields } = config as Record<string, unknown>;
    const { wait, ...file } = TrainFile.parse(NAMES);
    expect({ threads, wait }).toEqual({ threads: 1, wait: false });
    expect(fields).toEqual({ ...file, ...PLACES });
  });

  test('what one refuses the other refuses, field by field', () => {
    const { wait: _, ...file } = TrainFile.shape;
    const choices = Object.values(file).flatMap((field) => choicesOf(field));
    expect(choices.length).toBeGreaterThan(10);
    const files = Object.keys(file).flatMap((field) => [...VALUES, ...choices].map((value) => ({ ...NAMES, [field]: value })));
    const pinned = [1, 2].map((generation) => ({ ...NAMES, generation, follow: true }));
    const sound = (fields: object) => TrainFile.safeParse(fields).success;
    const all = [...files, ...pinned];
    const taken = inPython(all);
    expect(all.filter((fields, i) => sound(fields) !== (taken[i] !== null))).toEqual([]);
    expect(all.filter(sound).length).toBeGreaterThan(Object.keys(file).length);
  });
});

/** Words that a field of few words allows. */
function choicesOf(field: unknown): unknown[] {
  const inner = (field as { def: { innerType?: unknown } }).def.innerType;
  return inner === undefined ? ((field as { options?: unknown[] }).options ?? []) : choicesOf(inner);
}
