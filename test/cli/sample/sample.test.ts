import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { Sampled } from '../../../cli/sample/judged.ts';
import { packageRoot } from '../../../infra/package-root.ts';
import { checkPlan } from '../../../plans/check.ts';
import { relief } from '../../../worlds/relief/index.ts';
import { testPython } from '../../activities/shards/pyarrow.ts';
import { bucketOf } from '../../harness/engine.ts';
import { exemplar, type Ran } from '../exemplar.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'exemplar-sample-'));
const STEP = '00000001';
const BUCKET = 'sample-verb';
/** Loading PyTorch takes seconds, more where the machine is busy. */
const LONG_MS = 240_000;

interface Answer {
  checkpoint: string;
  mode: string;
  seed: number;
  situations: Sampled[];
}

const sample = async (args: string[], env: Record<string, string> = {}): Promise<Ran> => await exemplar(['sample', ...args], { cwd: FOLDER, env });
const json = async (args: string[], env?: Record<string, string>): Promise<Answer> => {
  const { code, stdout, stderr } = await sample([...args, '--json'], env);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Answer;
};

/** Eight plans for one situation. */
const drawn = async (checkpoint: string, seed: string, env?: Record<string, string>): Promise<Answer> => await json([checkpoint, 'world:relief/7', '-n', '8', '--seed', seed], env);

describe.skipIf(testPython === null)('plans of a checkpoint', { timeout: LONG_MS }, () => {
  let local: Answer;
  beforeAll(async () => {
    execFileSync(testPython as string, [join(import.meta.dirname, 'write_checkpoint.py'), join(FOLDER, 'run')], { env: { ...process.env, PYTHONPATH: join(packageRoot, 'trainer') } });
    local = await drawn('run', '1');
  }, LONG_MS);

  test('are drawn without any service, are valid, and have their exact values', () => {
    expect(local).toMatchObject({ checkpoint: join(FOLDER, 'run'), mode: 'planning', seed: 1 });
    const [{ situation, plans }] = local.situations as [Sampled];
    expect(situation).toEqual(relief.situation(7));
    expect(plans.reduce((sum, { times }) => sum + times, 0)).toBe(8);
    expect(plans).toEqual(plans.toSorted((a, b) => b.logP - a.logP));
    // an actor that was never trained draws some plan of more than nothing among eight
    expect(plans.some(({ edits }) => edits > 1)).toBe(true);
    for (const { plan, logP, valid, value } of plans) {
      expect(logP).toBeLessThan(0);
      expect({ valid, faults: checkPlan(plan, situation) }).toEqual({ valid: true, faults: [] });
      expect(value).toEqual(relief.value(situation, plan));
    }
    expect(existsSync(join(FOLDER, '.exemplar'))).toBe(false);
  });

  test('are the same for the same seed, also by the folder of the step, and others for another', async () => {
    expect((await drawn(join('run', STEP), '1')).situations).toEqual(local.situations);
    expect((await drawn('run', '2')).situations).not.toEqual(local.situations);
  });

  test('are shown as trees, for each situation of a file', async () => {
    const { target, ...situation } = { agent: 'field-rover', horizon: 'days', initial: 'At the gate.', target: 'At the mast.' };
    writeFileSync(join(FOLDER, 'two.yaml'), JSON.stringify([{ ...situation, target }, situation]));
    const { code, stdout, stderr } = await sample(['run', 'two.yaml', '--mode', 'habitual', '-n', '3']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `drawing 1 plan for 2 situations from ${join(FOLDER, 'run')}\n` });
    expect(stdout.split('\n').filter((line) => line.startsWith('situation '))).toEqual(['situation 1 of 2  plan, field-rover, days', 'situation 2 of 2  plan, field-rover, days']);
    expect(stdout.match(/^plan 1 of 1 · log p -?\d+\.\d\d nats · \d+ edits? · drawn 1 time · valid$/gm)).toHaveLength(2);
    expect(stdout).toContain('└─ g [days] At the mast.');
  });

  test('come from S3 as well, for a run and by its address', async () => {
    const store = await bucketOf(BUCKET);
    for (const name of readdirSync(join(FOLDER, 'run', STEP))) await store.put(`checkpoints/there/${STEP}/${name}`, readFileSync(join(FOLDER, 'run', STEP, name)));
    await store.put(`checkpoints/torn/${STEP}/model.safetensors`, 'x');
    const { s3Endpoint, accessKeyId, secretAccessKey } = inject('services');
    const env = { AWS_ENDPOINT_URL: s3Endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, EXEMPLAR_BUCKET: BUCKET };
    const step = `s3://${BUCKET}/checkpoints/there/${STEP}`;
    expect(await drawn('there/1', '1', env)).toEqual({ ...local, checkpoint: step });
    expect(await drawn(`${step}/`, '1', { ...env, EXEMPLAR_BUCKET: 'another' })).toEqual({ ...local, checkpoint: step });

    const refused = async (checkpoint: string) => (await sample([checkpoint, 'world:relief/7'], env)).stderr;
    expect(await refused('torn')).toBe(`exemplar: CHECKPOINT: no such folder, and no training run "torn" with a complete checkpoint in ${store.describe()}; known runs: there\n`);
    expect(await refused('there/2')).toBe(`exemplar: CHECKPOINT: no such folder, and no complete checkpoint "there/2" in ${store.describe()}; known runs: there\n`);
    expect(await refused(`s3://${BUCKET}/checkpoints/torn`)).toBe(`exemplar: CHECKPOINT: s3://${BUCKET}/checkpoints/torn holds no complete checkpoint: neither state.json, nor the folder of a step with it\n`);
  });
});
