import { Client, Connection } from '@temporalio/client';
import { beforeAll, expect, test, vi } from 'vitest';
import { campaignWorkflowId } from '../../workflows/messages.ts';
import { atBoundary, boundary, type BoundaryName } from './boundaries.ts';
import { CAMPAIGN, onMachine, SPLIT, until, type Machine } from './machine.ts';
import type { Part } from './parts.ts';
import { expectUnharmed, undisturbed } from './reference.ts';

/*
 * One campaign on machines that share nothing: run in peace on the first, and with processes killed in mid-campaign on each of the
 * others. The files of the dataset must not tell which is which, and no answer is paid for twice while the model's caller lives.
 */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 180_000 });

/** Answered calls before a kill, of some 110 in all. */
const EARLY = 25;
/** Events after which Temporal suggests to continue as new, where that is what is killed. */
const SHORT_HISTORY = 25;

let reference: Record<string, string>;

beforeAll(async () => {
  reference = await undisturbed();
});

async function withTemporal<T>(machine: Machine, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: machine.services.temporalAddress });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

const campaignOn = (machine: Machine) => withTemporal(machine, async (client) => await client.workflow.getHandle(campaignWorkflowId(CAMPAIGN.name)).describe());
const runIdOn = async (machine: Machine) => (await campaignOn(machine)).runId;

async function killAt(machine: Machine, name: BoundaryName, part: Part): Promise<string[]> {
  const exposed = await atBoundary(machine, boundary(name), () => machine.kill(part));
  await machine.up();
  return exposed;
}

test('a killed worker loses nothing, and what it had in flight is all that is paid for again', async () => {
  await onMachine(async (machine) => {
    const run = machine.verb('run', CAMPAIGN.file);
    await machine.answered(EARLY);
    const inFlight = await machine.holdAnswers();
    expect(await machine.kill('worker')).toEqual(inFlight);
    machine.gate.open();
    await machine.up();
    await until(() => machine.paidAgain().length === CAMPAIGN.concurrency, 'each of them is paid for again');
    expect(machine.paidAgain()).toEqual(inFlight);
    await machine.answered(2 * EARLY);
    await machine.kill('worker');
    await machine.up();
    expect(await run.ended).toMatchObject({ code: 0 });
    await expectUnharmed(machine, reference);
  });
});

test('a worker that is told to end waits for the answers that it has paid for, and told twice it does not', async () => {
  await onMachine(async (machine) => {
    const run = machine.verb('run', CAMPAIGN.file);
    await machine.answered(EARLY);
    const waitedFor = await machine.holdAnswers();
    await machine.askToEnd('worker');
    expect(machine.gate.inFlight().sort()).toEqual(waitedFor);
    machine.gate.open();
    await machine.gone('worker');
    await machine.up();
    await machine.answered(2 * EARLY);
    expect(machine.paidAgain()).toEqual([]);

    await machine.holdAnswers();
    await machine.askToEnd('worker');
    await machine.end('worker');
    const lost = machine.expose(['worker']);
    machine.gate.open();
    await machine.up();
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(machine.paidAgain()).toEqual(lost);
    await expectUnharmed(machine, reference);
  });
});

test('split workers are killed each at its boundary, and an orchestrating one, and only answers that were not stored are paid for again', async () => {
  await onMachine(async (machine) => {
    const run = machine.verb('run', CAMPAIGN.file);
    const unstored = await killAt(machine, 'a draft is answered, and not stored', 'llm');
    expect(unstored.some((key) => key.includes('.draft.'))).toBe(true);
    await killAt(machine, 'an outcome is written, and the workflow does not know', 'orchestrate');
    await machine.kill('io');
    await machine.up();
    await killAt(machine, 'a step record is written, and the workflow does not know', 'llm');
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(machine.paidAgain().length).toBeGreaterThan(0);
    await expectUnharmed(machine, reference);
  }, { workers: SPLIT });
});

test('with Temporal killed and its database deleted, a campaign resumes from S3 and joins the calls still in flight', async () => {
  await onMachine(async (machine) => {
    const run = machine.verb('run', CAMPAIGN.file);
    await machine.answered(EARLY);
    const inFlight = await machine.holdAnswers();
    const worker = machine.pid('worker');
    await machine.kill('temporal');
    machine.dropTemporalDatabase();
    await machine.up();
    expect((await run.ended).output).toContain(`exemplar resume ${CAMPAIGN.name}`);
    expect(machine.pid('worker')).toBe(worker);

    const resumed = machine.verb('resume', CAMPAIGN.name);
    await withTemporal(machine, async (client) => {
      await until(async () => (await beatingSteps(client)) === CAMPAIGN.concurrency, 'every slot takes its step again');
    });
    expect(machine.gate.inFlight().sort()).toEqual(inFlight);
    machine.gate.open();
    expect(await resumed.ended).toMatchObject({ code: 0 });
    expect(machine.paidAgain()).toEqual([]);
    await expectUnharmed(machine, reference);
    // what runs lost with the database had paid for counts once, without a budget too
    const { calls, usd } = JSON.parse((await machine.verb('status', CAMPAIGN.name, '--json').ended).output) as { calls: number; usd: number };
    expect(calls).toBe(machine.paid().size);
    expect(usd).toBeCloseTo(await storedUsd(machine), 9);
  });
});

/** What all stored answers have cost. */
async function storedUsd({ store }: Machine): Promise<number> {
  let nanoUsd = 0;
  for await (const { key } of store.list('responses/')) nanoUsd += (JSON.parse(new TextDecoder().decode((await store.get(key)))) as { nanoUsd: number }).nanoUsd;
  return nanoUsd / 1e9;
}

/** Steps of situations that a worker has begun. */
async function beatingSteps(client: Client): Promise<number> {
  let steps = 0;
  for await (const { workflowId } of client.workflow.list({ query: 'WorkflowType="exemplar" AND ExecutionStatus="Running"' })) {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    steps += (raw.pendingActivities ?? []).filter(({ heartbeatDetails }) => (heartbeatDetails?.payloads ?? []).length > 0).length;
  }
  return steps;
}

test('all but S3 is lost where a page is written, and not sealed, and again where one is sealed and in no manifest', async () => {
  await onMachine(async (machine) => {
    let followed = machine.verb('run', CAMPAIGN.file);
    for (const name of ['a page is written, and not sealed', 'a page is sealed, and in no manifest'] as const) {
      await atBoundary(machine, boundary(name), async () => {
        await Promise.all([machine.kill('temporal'), machine.kill('llm'), machine.kill('io'), machine.kill('orchestrate')]);
      });
      machine.dropTemporalDatabase();
      await machine.up();
      expect((await followed.ended).output).toContain(`exemplar resume ${CAMPAIGN.name}`);
      followed = machine.verb('resume', CAMPAIGN.name);
    }
    expect(await followed.ended).toMatchObject({ code: 0 });
    await expectUnharmed(machine, reference);
  }, { workers: SPLIT });
});

test('answers that come while S3 is killed are kept until it is back, and a killed model is waited for', async () => {
  await onMachine(async (machine) => {
    const run = machine.verb('run', CAMPAIGN.file);
    await machine.answered(EARLY);
    await machine.holdAnswers();
    await machine.kill('s3');
    machine.gate.open();
    await until(() => machine.gate.inFlight().length === 0, 'the answers have gone out');
    await machine.up();
    await machine.answered(2 * EARLY);
    expect(machine.paidAgain()).toEqual([]);
    await machine.kill('model');
    await machine.up();
    expect(await run.ended).toMatchObject({ code: 0 });
    await expectUnharmed(machine, reference);
  });
});

test('the command is killed before and after it writes the campaign, and while it follows it: the next one begins, takes up or attaches', async () => {
  await onMachine(async (machine) => {
    for (const name of ['the campaign is about to be written', 'the campaign is written, and the command does not know'] as const) {
      const run = machine.verb('run', CAMPAIGN.file);
      await atBoundary(machine, boundary(name), async () => {
        run.process.kill('SIGKILL');
        expect(await run.ended).toMatchObject({ code: null });
      });
    }
    const first = machine.verb('run', CAMPAIGN.file);
    await machine.answered(EARLY);
    const runId = await runIdOn(machine);
    first.process.kill('SIGKILL');
    expect(await first.ended).toMatchObject({ code: null });
    await machine.answered(machine.paid().size + EARLY);
    expect(await machine.verb('run', CAMPAIGN.file).ended).toMatchObject({ code: 0 });
    expect(await runIdOn(machine)).toBe(runId);
    expect(machine.paidAgain()).toEqual([]);
    await expectUnharmed(machine, reference);
  });
});

test('the orchestrating worker is killed where the campaign is about to continue as new, and where it has just done so', async () => {
  await onMachine(async (machine) => {
    const run = machine.verb('run', CAMPAIGN.file);
    await machine.answered(1);
    const first = await runIdOn(machine);
    await until(async () => (await campaignOn(machine)).historyLength >= SHORT_HISTORY - 5, 'the campaign is about to continue as new');
    await machine.kill('orchestrate');
    expect(await runIdOn(machine)).toBe(first);
    await machine.up();
    await until(async () => (await runIdOn(machine)) !== first, 'the campaign has continued as new');
    await machine.kill('orchestrate');
    await machine.up();
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(machine.paidAgain()).toEqual([]);
    await expectUnharmed(machine, reference);
  }, { workers: SPLIT, temporalOptions: ['--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${SHORT_HISTORY}`] });
});

test('commands that begin the same campaign at once run one campaign, and follow it past a kill of Temporal', async () => {
  await onMachine(async (machine) => {
    const runs = Array.from({ length: 3 }, () => machine.verb('run', CAMPAIGN.file));
    await machine.answered(EARLY);
    await machine.kill('temporal');
    await machine.up();
    for (const { ended } of runs) expect(await ended).toMatchObject({ code: 0 });
    expect(machine.paidAgain()).toEqual([]);
    await expectUnharmed(machine, reference);
  });
});
