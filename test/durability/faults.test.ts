import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { readManifest } from '../../activities/shards/manifest.ts';
import { readArrow } from '../../infra/arrow/reader.ts';
import { packageRoot } from '../../infra/package-root.ts';
import { datasetPrefix } from '../../schemas/keys.ts';
import { CAMPAIGN, onMachine, until, type Machine } from './machine.ts';
import { expectUnharmed, undisturbed } from './reference.ts';
import type { StoreFault } from './store-gate.ts';

/*
 * One campaign whose services and network are in trouble, and nothing is killed. What comes of it is what comes of a run in peace.
 */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 180_000 });

/** How long a trouble lasts, ms: longer than the S3 client's own retries. */
const TROUBLE_MS = 2_500;
/** Longer than a worker may be silent: 15 s. */
const CUT_MS = 60_000;
const EARLY = 15;

let reference: Record<string, string>;

beforeAll(async () => {
  reference = await undisturbed();
});

/** Rows of the ledger for calls that were lost. */
async function lostCalls(machine: Machine): Promise<number> {
  const manifest = await readManifest(machine.store, CAMPAIGN.name);
  const ledgers = (manifest?.pages ?? []).flatMap(({ files }) => files.filter(({ kind }) => kind === 'ledger'));
  const rows = await Promise.all(ledgers.map(async ({ key }) => await readArrow((await machine.store.get(`${datasetPrefix(CAMPAIGN.name)}${key}`)) as Uint8Array)));
  return rows.flat().filter((row) => (row as { lost: boolean }).lost).length;
}

test('S3 answers 500, 503, slowly, has its disk full and resets connections: nothing is lost, paid for again or booked as lost', async () => {
  await onMachine(async (machine) => {
    const run = machine.verb('run', CAMPAIGN.file);
    for (const [i, fault] of (['error', 'slowDown', 'slow', 'full', 'reset'] satisfies StoreFault[]).entries()) {
      await machine.answered((i + 1) * EARLY);
      for (const part of ['worker', 'cli'] as const) machine.lines(part).s3.disturb(fault);
      await sleep(TROUBLE_MS);
      for (const part of ['worker', 'cli'] as const) machine.lines(part).s3.disturb(null);
    }
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(machine.paidAgain()).toEqual([]);
    expect(await lostCalls(machine)).toBe(0);
    await expectUnharmed(machine, reference);
  });
});

test('calls that are reset, hang or break off are made again, and only those that were out are booked as lost', async () => {
  await onMachine(async (machine) => {
    const run = machine.verb('run', CAMPAIGN.file);
    for (const [i, fault] of (['reset', 'hang', 'half'] as const).entries()) {
      await machine.answered((i + 1) * EARLY);
      machine.gate.disturb(fault);
      if (fault === 'half') await until(() => machine.gate.brokenOff() > 0, 'an answer has broken off');
      else await sleep(TROUBLE_MS);
      machine.expose(['worker']);
      machine.gate.disturb(null);
    }
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(machine.paidAgain().length).toBeGreaterThan(0);
    expect(await lostCalls(machine)).toBeGreaterThanOrEqual(machine.paidAgain().length);
    await expectUnharmed(machine, reference);
  });
});

test('a model that refuses, stumbles and breaks off: every situation ends, and only answers that broke off are paid for again', async () => {
  await onMachine(async (machine) => {
    await machine.verb('run', CAMPAIGN.file).ended;
    expect(await machine.verb('verify', CAMPAIGN.name).ended).toMatchObject({ code: 0 });
    const { output } = await machine.verb('status', CAMPAIGN.name, '--json').ended;
    const { planned, converged, unconverged, refused, failed } = JSON.parse(output) as Record<string, number>;
    expect((converged as number) + (unconverged as number) + (refused as number) + (failed as number)).toBe(planned);
    const again = machine.paidAgain();
    expect(again.length).toBeGreaterThan(0);
    expect(new Set(again).size).toBe(again.length);
    expect(await lostCalls(machine)).toBe(again.length);
  }, { law: join(packageRoot, 'test', 'durability', 'campaign', 'troubled-law.json') });
});

test('a worker is cut off for longer than it may be silent: another takes its calls over, and no more than those are paid for again', async () => {
  await onMachine(async (machine) => {
    const run = machine.verb('run', CAMPAIGN.file);
    await machine.answered(EARLY);
    machine.lines('llm').cut();
    machine.expose(['llm']);
    await sleep(CUT_MS);
    machine.lines('llm').mend();
    expect(await run.ended).toMatchObject({ code: 0 });
    await expectUnharmed(machine, reference);
  }, { workers: ['llm', 'spare', 'io', 'orchestrate'] });
});
