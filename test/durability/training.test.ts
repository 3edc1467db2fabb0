import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { sha256Hex } from '../../schemas/canonical.ts';
import { atBoundary, boundary } from './boundaries.ts';
import { CAMPAIGN, onMachine, type Machine } from './machine.ts';

vi.setConfig({ testTimeout: 240_000 });

const folder = mkdtempSync(join(tmpdir(), 'trainings-'));
/** Optimiser steps between checkpoints. */
const EVERY = 5;

/** The file of a run; runs differ by their name alone. */
function trainFile(name: string): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, stringify({ name, campaign: CAMPAIGN.name, seed: 1, epochs: 8, batchGroups: 2, checkpointEverySteps: EVERY }));
  return path;
}

const checkpoint = (run: string, step: number) => `checkpoints/${run}/${String(step).padStart(8, '0')}`;

/** What a run has left: keys of its files without its name, and their hashes; states hold the name. */
async function weights({ store }: Machine, run: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { key } of store.list(`checkpoints/${run}/`)) {
    if (key.endsWith('.safetensors')) found[key.slice(`checkpoints/${run}/`.length)] = sha256Hex((await store.get(key)) as Uint8Array);
  }
  return found;
}

test('a trainer killed with a checkpoint half written goes on from the one before, to the same weights', async () => {
  await onMachine(async (machine) => {
    expect(await machine.verb('run', CAMPAIGN.file).ended).toMatchObject({ code: 0 });
    const run = machine.verb('train', trainFile('killed'));
    const half = boundary('a checkpoint has its weights, and no state');
    await atBoundary(machine, { ...half, key: new RegExp(`^${checkpoint('killed', 2 * EVERY)}/state`) }, async () => machine.kill('trainer'));
    let begunAnew = false;
    const first = machine.lines('trainer').s3.hold('before', ({ method, key }) => method === 'PUT' && key.startsWith(checkpoint('killed', EVERY)));
    void first.reached.then(() => {
      begunAnew = true;
      first.release();
    });
    await machine.up();
    // it takes a while until the trainer is missed; meanwhile the next one trains what nobody disturbs
    expect(await machine.verb('train', trainFile('whole')).ended).toMatchObject({ code: 0 });
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(begunAnew).toBe(false);
    const whole = await weights(machine, 'whole');
    expect(Object.keys(whole).length).toBeGreaterThan(4);
    expect(await weights(machine, 'killed')).toEqual(whole);
  }, { trainer: true });
});
