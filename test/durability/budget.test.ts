import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { readManifest } from '../../activities/shards/manifest.ts';
import { packageRoot } from '../../infra/package-root.ts';
import { grantsPrefix, outcomesPrefix } from '../../schemas/keys.ts';
import { ResponseRecord } from '../../schemas/records.ts';
import { atBoundary, boundary } from './boundaries.ts';
import { CAMPAIGN, onMachine, until, type Machine } from './machine.ts';

vi.setConfig({ testTimeout: 240_000 });

const BUDGET = 5;

/** The campaign of the kills with two situations, a budget, and no verification. */
function budgeted(): string {
  const given = parse(readFileSync(CAMPAIGN.file, 'utf8')) as { situations: object };
  const path = join(mkdtempSync(join(tmpdir(), 'budgeted-')), 'campaign.yaml');
  const fields = {
    ...given,
    situations: { ...given.situations, count: 2 },
    agents: [join(packageRoot, 'agents', 'field-rover.yaml')],
    library: { path: join(packageRoot, 'test', 'durability', 'campaign', 'library') },
    actor: { alternatives: 0, maxPasses: 1 },
    concurrency: 2,
    budget: BUDGET,
  };
  writeFileSync(path, stringify(fields));
  return path;
}

/** The id of the situation that a call is for. */
const situationOf = (key: string) => (key.split('/').at(-1) as string).split('.')[0];

async function count({ store }: Machine, prefix: string): Promise<number> {
  let found = 0;
  for await (const _ of store.list(prefix)) found += 1;
  return found;
}

/** Nano-dollars that the provider has charged: each call as often as it was answered. */
async function charged(machine: Machine): Promise<number> {
  const { store } = machine;
  const costs = machine.journal().map(async (key) => ResponseRecord.parse(JSON.parse(new TextDecoder().decode((await store.get(key)) as Uint8Array))).nanoUsd ?? 0);
  return (await Promise.all(costs)).reduce((sum, each) => sum + each, 0);
}

test('nothing is asked before its grant is on S3, and by the grants what was lost with Temporal and the worker is booked', async () => {
  await onMachine(async (machine) => {
    const run = machine.verb('run', budgeted());
    await atBoundary(machine, boundary('a pass has no grant'), async () => {
      // the other situation goes to its end meanwhile
      await until(async () => (await count(machine, outcomesPrefix(CAMPAIGN.name))) === 1, 'one situation has ended');
      expect(new Set([...machine.paid().keys()].map(situationOf)).size).toBe(1);
      machine.gate.shut();
    });
    await until(() => machine.gate.inFlight().some((key) => machine.paid().has(key)), 'the first call of the held situation is paid for');
    expect(await count(machine, grantsPrefix(CAMPAIGN.name))).toBeGreaterThan(1);
    await Promise.all([machine.kill('temporal'), machine.kill('worker')]);
    machine.dropTemporalDatabase();
    machine.gate.open();
    await machine.up();
    await run.ended;
    expect(await machine.verb('resume', CAMPAIGN.name).ended).toMatchObject({ code: 0 });
    expect(machine.paidAgain()).toHaveLength(1);
    const pages = (await readManifest(machine.store, CAMPAIGN.name))?.pages ?? [];
    const booked = pages.reduce((sum, page) => sum + (page.booked ?? 0), 0);
    expect(booked).toBeGreaterThanOrEqual(await charged(machine));
    expect(booked).toBeLessThanOrEqual(BUDGET * 1e9);
  });
});
