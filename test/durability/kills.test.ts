import { Client, Connection } from '@temporalio/client';
import { beforeAll, expect, test, vi } from 'vitest';
import { campaignWorkflowId } from '../../workflows/messages.ts';
import { CAMPAIGN, onMachine, until, type Machine } from './machine.ts';

/*
 * One campaign on machines that share nothing: run in peace on the first, and with a process killed in mid-campaign on each of the
 * others. The files of the dataset must not tell which is which, and no answer is paid for twice while the model's caller lives.
 * Kills come when so many calls have been answered, with every slot's answer paid for and still under way.
 */
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

/** Answered calls before a kill, of some 110 in all. */
const EARLY = 25;

let reference: Record<string, string>;

beforeAll(async () => {
  reference = await onMachine(async (machine) => {
    expect(await machine.verb('run', CAMPAIGN.file).ended).toMatchObject({ code: 0 });
    expect(machine.paid().size).toBeGreaterThan(3 * EARLY);
    expect(machine.paidAgain()).toEqual([]);
    return await machine.dataset();
  });
  const kinds = Object.keys(reference).map((key) => key.split('/')[0]);
  expect(new Set(kinds)).toEqual(new Set(['data', 'situations']));
});

async function expectSameDataset(machine: Machine): Promise<void> {
  expect(await machine.dataset()).toEqual(reference);
  expect(await machine.verb('verify', CAMPAIGN.name).ended).toMatchObject({ code: 0 });
}

async function withTemporal<T>(machine: Machine, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: machine.services.temporalAddress });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

test('a killed worker loses nothing, and what it had in flight is all that is paid for again', async () => {
  await onMachine(async (machine) => {
    const run = machine.verb('run', CAMPAIGN.file);
    await machine.answered(EARLY);
    const inFlight = await machine.holdAnswers();
    await machine.kill('worker');
    machine.gate.open();
    await machine.up();
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(machine.paidAgain()).toEqual(inFlight);
    await expectSameDataset(machine);
  });
});

test('a worker killed at any moment pays again for no more calls than it may have in flight', async () => {
  await onMachine(async (machine) => {
    const run = machine.verb('run', CAMPAIGN.file);
    await machine.answered(2 * EARLY);
    await machine.kill('worker');
    await machine.up();
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(machine.paidAgain().length).toBeLessThanOrEqual(CAMPAIGN.concurrency);
    await expectSameDataset(machine);
  });
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
    await expectSameDataset(machine);
  });
});

/** Steps of situations that a worker has begun. */
async function beatingSteps(client: Client): Promise<number> {
  let steps = 0;
  for await (const { workflowId } of client.workflow.list({ query: 'WorkflowType="exemplar" AND ExecutionStatus="Running"' })) {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    steps += (raw.pendingActivities ?? []).filter(({ heartbeatDetails }) => (heartbeatDetails?.payloads ?? []).length > 0).length;
  }
  return steps;
}

test('answers that come while S3 is killed are kept until it is back', async () => {
  await onMachine(async (machine) => {
    const run = machine.verb('run', CAMPAIGN.file);
    await machine.answered(EARLY);
    await machine.holdAnswers();
    await machine.kill('s3');
    machine.gate.open();
    await until(() => machine.gate.inFlight().length === 0, 'the answers have gone out');
    await machine.up();
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(machine.paidAgain()).toEqual([]);
    await expectSameDataset(machine);
  });
});

test('a campaign goes on when the command that follows it is killed, and the next run attaches to it', async () => {
  await onMachine(async (machine) => {
    const runIds = () => withTemporal(machine, async (client) => (await client.workflow.getHandle(campaignWorkflowId(CAMPAIGN.name)).describe()).runId);
    const first = machine.verb('run', CAMPAIGN.file);
    await machine.answered(EARLY);
    const runId = await runIds();
    first.process.kill('SIGKILL');
    expect(await first.ended).toMatchObject({ code: null });
    await machine.answered(machine.paid().size + EARLY);
    expect(await machine.verb('run', CAMPAIGN.file).ended).toMatchObject({ code: 0 });
    expect(await runIds()).toBe(runId);
    expect(machine.paidAgain()).toEqual([]);
    await expectSameDataset(machine);
  });
});
