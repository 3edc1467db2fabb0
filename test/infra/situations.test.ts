import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSituationFile } from '../../infra/situations-file.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import { worldNamed, WORLDS } from '../../worlds/index.ts';

const at = (name: string) => join(import.meta.dirname, 'situations', name);
const read = (name: string, most?: number) => readSituationFile('campaign.yaml: situations.file', at(name), most);

function written(name: string, text: string | Uint8Array): string {
  const path = join(mkdtempSync(join(tmpdir(), 'situations-')), name);
  writeFileSync(path, text);
  return path;
}

async function refusal(path: string): Promise<string> {
  return await readSituationFile('campaign.yaml: situations.file', path).then(
    () => 'not refused',
    (error: Error) => error.message.replace(path, '<file>'),
  );
}

const lines = (JSON.parse(readFileSync(at('situations.json'), 'utf8')) as { situations: unknown[] }).situations.map((each) => JSON.stringify(each));

/** Seeds whose situations have tasks that can be planned finer. */
const FINER = { relief: finerSeed('relief'), household: finerSeed('household') };

function finerSeed(name: string): number {
  const world = worldNamed(name);
  const finer = (seed: number) => finerOf(world.situation(seed)).length > 0;
  return Array.from({ length: 100 }, (_, seed) => seed).find(finer) as number;
}

function finerOf(situation: SituationContent): SituationContent[] {
  const world = worldNamed(situation.world?.name ?? '');
  const plan = world.exemplary(situation);
  return plan.nodes.flatMap(({ id }) => world.expand(situation, plan, id) ?? []);
}

const inWorld = (world: Record<string, unknown>) => JSON.stringify({ agent: 'tester', horizon: 'hours/days', initial: 'i', world });

describe('a file of situations', () => {
  test('as JSON gets its defaults', async () => {
    const [first, second, third] = await read('situations.json');
    expect(first).toEqual({ task: 'plan', agent: 'tester', horizon: ['hours', 'days'], initial: 'Frost has burst a pipe in the cellar of the mill.', target: 'The mill runs again.', parent: null, world: null });
    expect(second).toMatchObject({ task: 'predict', horizon: ['days', 'weeks', 'months'], target: null });
    expect(third).toMatchObject({ task: 'plan', agent: 'other-agent', world: { name: 'relief', seed: 7 } });
  });

  test.each(['zstd', 'snappy', 'gzip', 'lz4'])('as Parquet by pyarrow with %s says the same as its JSON', async (codec) => {
    expect(await read(`lists-${codec}.parquet`)).toEqual(await read('situations.json'));
  });

  test('as Parquet may write a horizon as one text and leave columns out', async () => {
    expect(await read('flat.parquet')).toEqual((await read('situations.json')).slice(0, 2));
  });

  test('as JSON lines says the same, whatever the line ends and blank lines', async () => {
    const path = written('s.jsonl', `\uFEFF${lines.join('\r\n\r\n')}\r\n`);
    expect(await readSituationFile('f', path)).toEqual(await read('situations.json'));
    expect(await readSituationFile('f', written('S.NDJSON', lines.join('\n')))).toHaveLength(3);
  });

  test.each(['situations.json', 'lists-zstd.parquet'])('gives its first situations only, where fewer are wanted: %s', async (name) => {
    expect(await read(name, 2)).toEqual((await read(name)).slice(0, 2));
  });

  test('takes every situation that a world draws, whole or finer', async () => {
    const whole = Object.values(WORLDS).flatMap((world) => Array.from({ length: 20 }, (_, seed) => world.situation(seed)));
    const all = [...whole, ...whole.flatMap(finerOf)];
    expect(all.filter(({ world }) => world?.task !== undefined).length).toBeGreaterThan(20);
    expect(await readSituationFile('f', written('s.jsonl', all.map((each) => JSON.stringify(each)).join('\n')))).toEqual(all);
  });

  test('may hold its text as bytes', async () => {
    expect(await read('latin-bytes.parquet', 1)).toEqual((await read('situations.json')).slice(0, 1));
  });

  test('beyond the first wanted is not looked at', async () => {
    expect(await readSituationFile('f', written('s.jsonl', `${lines[0]}\nbroken`), 1)).toHaveLength(1);
    expect(await read('wrong-horizon.parquet', 1)).toHaveLength(1);
  });
});

describe('a fault in a file of situations is one line', () => {
  const HORIZON = 'horizon: levels must be adjacent and finest first, such as minutes/hours/days; the levels are seconds, minutes, hours, days, weeks, months, years, decades (is "hours/months")';
  const cases: [string, string, string | Uint8Array | null, string][] = [
    ['with the row of a Parquet file', 'wrong-horizon.parquet', null, `<file>: row 2: ${HORIZON}`],
    ['with the line of a JSON lines file', 's.jsonl', `${lines[0]}\n\n${lines[1]?.replace('days/weeks/months', 'hours/months')}\n`, `<file>: line 3: ${HORIZON}`],
    ['where a line is not JSON', 's.jsonl', `${lines[0]}\n{"task"`, '<file>: line 2: not JSON: '],
    ['where a line has an unknown key', 's.jsonl', `{"agnt": "a", "agent": "a", "horizon": "hours", "initial": "i"}`, '<file>: line 1: unknown key "agnt"; did you mean "agent"? Known: task, agent, horizon, initial, target, parent, world'],
    ['where a prediction has a target', 's.jsonl', lines[0]?.replace('"plan"', '"predict"') ?? '', '<file>: line 1: target: a prediction has no target: set target to null'],
    ['where a line is no object', 's.jsonl', '[]', '<file>: line 1: expected object, received array'],
    ['where a world is unknown', 's.jsonl', inWorld({ name: 'releif', seed: 1 }), '<file>: line 1: world.name: no world "releif"; known: relief, household'],
    ['where a world has no such task', 's.jsonl', `${lines[0]}\n\n${inWorld({ name: 'household', seed: FINER.household, task: 'nosuchtask' })}`, '<file>: line 3: world.task: the situation has no task "nosuchtask"; it has: '],
    ['where a list has a task that its world has not', 's.yaml', `situations: [${lines[0]}, ${inWorld({ name: 'relief', seed: FINER.relief, task: 'nosuchtask' })}]`, '<file>: situations.1: world.task: the situation has no task "nosuchtask"; it has: fetch'],
    ['with the whole of a text that is taken apart', 's.yaml', `situations: [{ agent: a, horizon: hours/eons, initial: i }]`, '<file>: situations.0.horizon.1: Invalid option: expected one of "seconds"|"minutes"|"hours"|"days"|"weeks"|"months"|"years"|"decades" (is "hours/eons")'],
    ['where bytes are not text', 'latin-bytes.parquet', null, '<file>: row 2: initial: not UTF-8 text'],
    ['where text is not UTF-8', 'latin-text.parquet', null, '<file>: row 2: initial: not UTF-8 text'],
    ['where the file is not Parquet', 's.parquet', 'PAR1 but no more', '<file>: not Parquet: '],
    ['where a page of Parquet unfolds into far too much', 'unfolding.parquet', null, '<file>: not Parquet: a page unpacks to 268435467 bytes; at most 268435456 are allowed'],
    ['where a line is far too long', 's.jsonl', `${lines[0]}\n${' '.repeat((1 << 20) + 1)}`, '<file>: line 2: has 1048577 characters; at most 1048576 are allowed'],
    ['where the file holds nothing', 's.jsonl', '\n', '<file>: holds no situation'],
    ['where the file is of another kind', 's.csv', 'agent\n', 'campaign.yaml: situations.file: cannot read "<file>"; allowed: files ending in .yaml, .yml, .json, .jsonl, .ndjson, .parquet'],
  ];
  test.each(cases)('%s', async (_, name, text, expected) => {
    const line = await refusal(text === null ? at(name) : written(name, text));
    expect(line.slice(0, expected.length)).toBe(expected);
    expect(line).not.toContain('\n');
  });

  test('where there is no such file', async () => {
    expect(await refusal('/nowhere/s.parquet')).toBe('<file>: no such file');
  });
});
