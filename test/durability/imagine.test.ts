import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { beforeAll, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { packageRoot } from '../../infra/package-root.ts';
import { imaginedKey } from '../../schemas/keys.ts';
import { imagineWorkflowId } from '../../workflows/messages.ts';
import { CAMPAIGN, onMachine, until, type Machine } from './machine.ts';

/* Situations that the model imagines, in two cells; killed while both are asked for. */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 180_000 });

const CELLS = 2;
const file = join(mkdtempSync(join(tmpdir(), 'imagined-')), 'campaign.yaml');
const given = parse(readFileSync(CAMPAIGN.file, 'utf8')) as object;
const fields = {
  ...given,
  situations: { from: 'imagine', count: 4, domains: ['relief errands'], horizons: ['hours/days'], stakes: ['low', 'high'], tasks: ['plan'], seed: 1 },
  agents: [join(packageRoot, 'agents', 'field-rover.yaml')],
  library: { path: join(packageRoot, 'test', 'durability', 'campaign', 'library') },
  actor: { alternatives: 0, maxPasses: 1 },
  budget: 5,
};
writeFileSync(file, stringify(fields));

let reference: Record<string, string>;

beforeAll(async () => {
  reference = await onMachine(async (machine) => {
    expect(await machine.verb('run', file).ended).toMatchObject({ code: 0 });
    return await machine.dataset();
  });
  expect(Object.keys(reference).length).toBeGreaterThan(1);
});

/** Resolves once every cell's first ask is answered, and nobody has been told. */
async function asksHeld(machine: Machine): Promise<string[]> {
  const asked = () => machine.gate.inFlight().filter((key) => machine.paid().has(key));
  await until(() => asked().length === CELLS, 'each cell has an ask in flight');
  expect(await machine.store.get(imaginedKey(CAMPAIGN.name))).toBeNull();
  return asked().sort();
}

/** Asks that a worker has begun, and gone on with for some seconds. */
async function beatingAsks(machine: Machine): Promise<number> {
  const connection = await Connection.connect({ address: machine.services.temporalAddress });
  try {
    const { raw } = await new Client({ connection }).workflow.getHandle(imagineWorkflowId(CAMPAIGN.name)).describe();
    return (raw.pendingActivities ?? []).filter(({ heartbeatDetails }) => (heartbeatDetails?.payloads ?? []).length > 0).length;
  } catch {
    return 0;
  } finally {
    await connection.close();
  }
}

async function expectSame(machine: Machine): Promise<void> {
  expect(await machine.dataset()).toEqual(reference);
  expect(await machine.verb('verify', CAMPAIGN.name).ended).toMatchObject({ code: 0 });
}

test('a worker killed while situations are imagined asks once more for what was in flight, and the same situations come of it', async () => {
  await onMachine(async (machine) => {
    machine.gate.shut();
    const run = machine.verb('run', file);
    const asked = await asksHeld(machine);
    expect(await machine.kill('worker')).toEqual(asked);
    machine.gate.open();
    await machine.up();
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(machine.paidAgain()).toEqual(asked);
    await expectSame(machine);
  });
});

test('with Temporal lost while situations are imagined, the command begun again joins the asks in flight', async () => {
  await onMachine(async (machine) => {
    machine.gate.shut();
    const run = machine.verb('run', file);
    const asked = await asksHeld(machine);
    await machine.kill('temporal');
    machine.dropTemporalDatabase();
    await machine.up();
    await run.ended;
    const again = machine.verb('run', file);
    await until(async () => (await beatingAsks(machine)) === CELLS, 'both cells are asked for again');
    expect(machine.gate.inFlight().sort()).toEqual(asked);
    machine.gate.open();
    expect(await again.ended).toMatchObject({ code: 0 });
    expect(machine.paidAgain()).toEqual([]);
    await expectSame(machine);
  });
});
