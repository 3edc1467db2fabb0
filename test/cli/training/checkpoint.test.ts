import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { findCheckpoint } from '../../../cli/training/checkpoint.ts';

function folder(...files: string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'exemplar-checkpoint-'));
  for (const file of files) {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), '{}');
  }
  return root;
}

const refusal = async (named: string) => await findCheckpoint(named).then(() => 'not refused', (error: Error) => `${error.name}: ${error.message.replaceAll(named, '<named>')}`);

test("a run's folder and a step's are found, whatever the working directory, and get no credentials", async () => {
  const run = folder('00000050/state.json');
  for (const named of [run, join(run, '00000050')]) {
    const { uri, env } = await findCheckpoint(relative(process.cwd(), named));
    expect(uri).toBe(named);
    expect(Object.keys(env).filter((name) => /^(AWS|ANTHROPIC|EXEMPLAR|TEMPORAL)_/.test(name))).toEqual([]);
  }
});

test('what is no complete checkpoint is refused', async () => {
  const incomplete = 'UsageError: CHECKPOINT: <named> holds no complete checkpoint: neither state.json, nor the folder of a step with it';
  expect(await refusal(folder())).toBe(incomplete);
  expect(await refusal(folder('00000050/model.safetensors', 'notes/state.json'))).toBe(incomplete);
  expect(await refusal(join(folder('model.safetensors'), 'model.safetensors'))).toBe("UsageError: CHECKPOINT: <named> is no folder; a checkpoint is one with state.json, a run's folder holds several");
  expect(await refusal('./nowhere/at-all')).toBe('UsageError: CHECKPOINT: no such folder: <named>');
});

test.each(['s3://', 's3://bucket', 's3://bucket/'])('%s is no address of a checkpoint', async (uri) => {
  await expect(findCheckpoint(uri)).rejects.toThrow(`CHECKPOINT: s3://BUCKET/checkpoints/RUN or s3://BUCKET/checkpoints/RUN/STEP (is "${uri}")`);
});
