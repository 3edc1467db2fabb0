import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { packageRoot } from '../../infra/package-root.ts';
import { S3Store } from '../../infra/store-s3.ts';
import { intentsPrefix } from '../../schemas/keys.ts';
import { CAMPAIGN, onMachine, until, type Machine } from './machine.ts';

/*
 * One small campaign, asked call by call in peace, and in batches on machines where a process is killed at the worst moment. Whatever
 * is killed, the files are the same and no request is bought twice: the simulated provider counts them by what they ask.
 */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const folder = mkdtempSync(join(tmpdir(), 'batch-campaigns-'));

/** The campaign of the other kills, much shortened. */
function campaignFile(mode: 'interactive' | 'batch'): string {
  const given = parse(readFileSync(CAMPAIGN.file, 'utf8')) as { model: object; situations: object; library: { path: string } };
  const path = join(folder, `${mode}.yaml`);
  const fields = {
    ...given,
    model: { ...given.model, mode },
    situations: { ...given.situations, count: 4 },
    agents: [join(packageRoot, 'agents', 'field-rover.yaml')],
    library: { path: join(packageRoot, 'test', 'durability', 'campaign', 'library') },
    actor: { alternatives: 0, maxPasses: 1 },
  };
  writeFileSync(path, stringify(fields));
  return path;
}

interface Answered {
  bodyHash: string;
  status: number;
  times: number;
}

/** Bodies that were answered, each as often as it was. */
async function bought(machine: Machine): Promise<Map<string, number>> {
  const { calls } = (await (await fetch(`${machine.gate.url}/sim/calls`)).json()) as { calls: Answered[] };
  const times = new Map<string, number>();
  for (const call of calls) if (call.status === 200) times.set(call.bodyHash, (times.get(call.bodyHash) ?? 0) + call.times);
  return times;
}

async function boughtAgain(machine: Machine): Promise<string[]> {
  return [...(await bought(machine))].filter(([, times]) => times > 1).map(([body]) => body);
}

async function batchesAt(machine: Machine): Promise<{ id: string; processing_status: string }[]> {
  const headers = { 'x-api-key': 'simulated', 'anthropic-version': '2023-06-01' };
  return ((await (await fetch(`${machine.gate.url}/v1/messages/batches`, { headers })).json()) as { data: { id: string; processing_status: string }[] }).data;
}

/** Parts of intents that S3 holds: `calls`, `batch`, `end`. */
async function intentsOn(machine: Machine): Promise<string[]> {
  const { bucket, s3Endpoint: endpoint, accessKeyId, secretAccessKey } = machine.services;
  const store = new S3Store({ bucket, endpoint, credentials: { accessKeyId, secretAccessKey } });
  const parts: string[] = [];
  for await (const { key } of store.list(intentsPrefix(CAMPAIGN.name))) parts.push((key.split('.') as [string, string])[1]);
  return parts;
}

let reference: Record<string, string>;
let calls: number;

beforeAll(async () => {
  await onMachine(async (machine) => {
    expect(await machine.verb('run', campaignFile('interactive')).ended).toMatchObject({ code: 0 });
    reference = await machine.dataset();
    calls = (await bought(machine)).size;
  });
});

async function expectWhole(machine: Machine): Promise<void> {
  expect(await boughtAgain(machine)).toEqual([]);
  expect((await bought(machine)).size).toBe(calls);
  expect(await machine.dataset()).toEqual(reference);
  expect(await machine.verb('verify', CAMPAIGN.name).ended).toMatchObject({ code: 0 });
}

test('a worker killed between the request for a batch and the record of it finds the batch again, and buys nothing twice', async () => {
  await onMachine(async (machine) => {
    machine.gate.shut();
    const run = machine.verb('run', campaignFile('batch'));
    await until(async () => machine.gate.inFlight().length === 1 && (await batchesAt(machine)).length === 1, 'the provider has made a batch and not said so');
    expect(await intentsOn(machine)).toEqual(['calls']);
    await machine.kill('worker');
    machine.gate.open();
    await machine.up();
    expect(await run.ended).toMatchObject({ code: 0 });
    await expectWhole(machine);
  });
});

test('with Temporal killed and its database deleted while a batch is worked off, its answers are collected before anything is asked again', async () => {
  await onMachine(async (machine) => {
    const run = machine.verb('run', campaignFile('batch'));
    await until(async () => (await intentsOn(machine)).includes('batch'), 'a batch is recorded');
    await machine.kill('temporal');
    expect(await intentsOn(machine)).not.toContain('end');
    machine.dropTemporalDatabase();
    await machine.up();
    expect((await run.ended).output).toContain(`exemplar resume ${CAMPAIGN.name}`);
    expect(await machine.verb('resume', CAMPAIGN.name).ended).toMatchObject({ code: 0 });
    await expectWhole(machine);
  });
});

test('with the worker killed between request and record, and Temporal lost as well, S3 alone leads to the batch', async () => {
  await onMachine(async (machine) => {
    machine.gate.shut();
    const run = machine.verb('run', campaignFile('batch'));
    await until(async () => machine.gate.inFlight().length === 1 && (await batchesAt(machine)).length === 1, 'the provider has made a batch and not said so');
    await machine.kill('worker');
    await machine.kill('temporal');
    machine.dropTemporalDatabase();
    machine.gate.open();
    await machine.up();
    await run.ended;
    expect(await machine.verb('resume', CAMPAIGN.name).ended).toMatchObject({ code: 0 });
    await expectWhole(machine);
  });
});
