import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import type { TrainingView } from '../../cli/training/view.ts';
import { dataConverterOf } from '../../infra/codec/data-converter.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import { trainWorkflowId } from '../../workflows/messages.ts';
import { atBoundary, boundary } from './boundaries.ts';
import { CAMPAIGN, onMachine, until, type Machine } from './machine.ts';

vi.setConfig({ testTimeout: 480_000 });

const folder = mkdtempSync(join(tmpdir(), 'trainings-'));
/** Optimiser steps between checkpoints. */
const EVERY = 5;

/** The file of a run; runs differ by their name alone. */
function trainFile(name: string): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, stringify({ name, campaign: CAMPAIGN.name, seed: 1, epochs: 4, batchGroups: 2, size: 'tiny', stepsAPlan: 2, checkpointEverySteps: EVERY, evaluateEverySteps: 2 * EVERY }));
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

/** Resolves once the trainer has been told to stop: a cancellation reaches it with the answer to a heartbeat. */
async function toldToStop({ services }: Machine, run: string): Promise<void> {
  const connection = await Connection.connect({ address: services.temporalAddress });
  const handle = new Client({ connection, dataConverter: dataConverterOf(null) }).workflow.getHandle(trainWorkflowId(run));
  const lastBeat = async () => JSON.stringify((await handle.describe()).raw.pendingActivities?.[0]?.lastHeartbeatTime ?? null);
  const before = await lastBeat();
  await until(async () => (await lastBeat()) !== before, `the trainer of ${run} beats once more`);
  await connection.close();
}

test('a trainer that is killed with a checkpoint half written, or paused, goes on from the last whole one, to the same weights', async () => {
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

    const atFirst = machine.lines('trainer').s3.hold('before', ({ method, key }) => method === 'PUT' && key.startsWith(`${checkpoint('paused', EVERY)}/state`));
    const paused = machine.verb('train', trainFile('paused'));
    await atFirst.reached;
    expect(await machine.verb('pause', 'train/paused').ended).toMatchObject({ code: 0 });
    await toldToStop(machine, 'paused');
    atFirst.release();
    const state = async () => (JSON.parse((await machine.verb('status', 'train/paused', '--json').ended).output) as TrainingView).state;
    await until(async () => (await state()) === 'paused', 'the training is paused');
    const soFar = await weights(machine, 'paused');
    expect(Object.keys(soFar).length).toBeLessThan(Object.keys(whole).length);
    expect(await machine.verb('resume', 'train/paused').ended).toMatchObject({ code: 0 });
    expect(await paused.ended).toMatchObject({ code: 0 });
    // beside the checkpoint that it was paused with
    expect(await weights(machine, 'paused')).toMatchObject(whole);
  }, { trainer: true });
});
