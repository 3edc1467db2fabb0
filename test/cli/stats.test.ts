import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import { pull } from '../../activities/shards/pull.ts';
import { readCuration } from '../../cli/stats/curation.ts';
import { NAME, publishedDataset } from '../activities/shards/dataset.ts';
import { bucketOf } from '../harness/engine.ts';
import { exemplar, type Ran } from './exemplar.ts';

const BUCKET = 'stats-verb';
const FOLDER = mkdtempSync(join(tmpdir(), 'exemplar-stats-'));
const SITUATION = { agent: 'rover', horizon: 'hours', initial: 'start', target: 'goal' };

beforeAll(async () => {
  const store = await bucketOf(BUCKET);
  const { store: made } = await publishedDataset();
  for (const [key, bytes] of made.objects) await store.put(key, bytes);
  await pull(store, NAME, join(FOLDER, 'pulled'));
  writeFileSync(join(FOLDER, 'held.jsonl'), `${JSON.stringify(SITUATION)}\n`);
  writeFileSync(join(FOLDER, 'unlike.json'), JSON.stringify({ situations: [{ ...SITUATION, initial: 'elsewhere, at night' }] }));
});

async function stats(...args: string[]): Promise<Ran> {
  const { s3Endpoint, accessKeyId, secretAccessKey } = inject('services');
  const env = { AWS_ENDPOINT_URL: s3Endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, EXEMPLAR_BUCKET: BUCKET };
  return await exemplar(['stats', ...args], { cwd: FOLDER, env });
}

const json = ({ stdout }: Ran) => JSON.parse(stdout) as { outcomes: object; contamination: object; nearDuplicates: object };

test('a campaign of the store and its pulled folder show the same, simulated as it is', async () => {
  const [stored, pulled] = [await stats(NAME, '--json'), await stats('pulled', '--json')];
  expect(json(pulled)).toEqual(json(stored));
  expect(json(stored)).toMatchObject({ campaign: NAME, generation: 1, simulated: 'abc', planned: 7, outcomes: { converged: 3, unconverged: 1, refused: 1, failed: 1, overBudget: 0, waiting: 1 } });
  const { code, stdout } = await stats('pulled');
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^hand-made, generation 1: 6 situations, \d+ versions, model sim-1\nSIMULATED \(law abc\): /) as string });
  for (const line of ['why situations did not converge', 'tree distance to final', 'near-duplicates of an earlier one', '(2 situations without a plan are not compared: no file holds their text)', 'contamination: ']) expect(stdout).toContain(line);
});

test('training situations are held against a file, a folder or a split', async () => {
  // all of the hand-made situations say the same
  const against = async (heldOut?: string) => (await readCuration(join(FOLDER, 'pulled'), { heldOut })).contamination;
  const { trainSituations } = await against();
  expect(trainSituations).toBeGreaterThan(0);
  const all = { contaminated: trainSituations, trainSituations };
  expect(await against(join(FOLDER, 'held.jsonl'))).toMatchObject({ ...all, heldOut: join(FOLDER, 'held.jsonl'), heldOutSituations: 1 });
  expect(await against(`${join(FOLDER, 'pulled')}:validation`)).toMatchObject(all);
  expect(await against(join(FOLDER, 'unlike.json'))).toMatchObject({ contaminated: 0, heldOutSituations: 1, examples: [] });
  expect(json(await stats('pulled', '--held-out', `${NAME}:validation`, '--json')).contamination).toMatchObject(all);
});

test.each([
  [['pulled', '--held-out', 'pulled:tset'], '--held-out: there is no split "tset"; allowed: train, validation, test'],
  [['pulled', '--held-out', 'nofile.yaml'], '--held-out: no such file: nofile.yaml'],
  [['pulled', '--held-out', 'nobody'], 'NAME: there is no campaign "nobody" in s3://'],
  [['pulled', '--generation', '4'], 'pulled: holds generation 1, not 4'],
  [['pulled', '--similarity', '0'], "a number above 0, and at most 1, is allowed"],
])('%j is a usage error in one line', async (args, message) => {
  const { code, stderr } = await stats(...args);
  expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 2, lines: 1 });
  expect(stderr).toContain(message);
});
