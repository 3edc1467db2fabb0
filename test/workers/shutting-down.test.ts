import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { expect, inject, onTestFinished, test } from 'vitest';
import type { Config } from '../../infra/config.ts';
import { ensureSearchAttributes } from '../../infra/temporal.ts';
import { FAILURE } from '../../schemas/failure-types.ts';
import { Law } from '../../schemas/law.ts';
import { startWorkers } from '../../workers/worker.ts';
import { campaignWorkflowId, QUEUES, situationWorkflowId } from '../../workflows/messages.ts';
import { startSimModel } from '../../worlds/sim/server.ts';
import { situation, sketchCampaign } from '../harness/campaigns.ts';
import { testStore } from '../harness/engine.ts';

const SITUATIONS = 4;
const WAIT = { timeout: 30_000, interval: 100 };

test('calls that only wait for their turn are left to the next worker, and nothing is booked for them', { timeout: 60_000 }, async () => {
  const { temporalAddress: address, bucket, s3Endpoint: endpoint, accessKeyId, secretAccessKey } = inject('services');
  // one call in ten minutes: all others wait
  const law = Law.parse({ name: 'narrow', latencyMs: 0, flaw: 0, detect: 1, mend: 1, break: 0, falseAlarm: 0, repeat: 0, textbooks: {}, limits: { requestsPerMinute: 0.1, burstS: 600 } });
  // answers that another test has paid for need no turn
  const lawHash = `narrow-${randomUUID()}`;
  const sim = await startSimModel({ port: 0, law, lawHash });
  onTestFinished(() => sim.close());
  const connection = await Connection.connect({ address });
  onTestFinished(() => connection.close());
  const namespace = `test-${randomUUID()}`;
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 } as never });
  const client = new Client({ connection, namespace });
  await ensureSearchAttributes(client);
  const { name } = await sketchCampaign(testStore(), { situations: Array.from({ length: SITUATIONS }, (_, n) => situation(n)), file: { concurrency: SITUATIONS }, law: lawHash });
  const config: Config = { dir: '/nowhere', temporal: { address, namespace, uiUrl: null }, s3: { bucket, endpoint, credentials: { accessKeyId, secretAccessKey } }, model: { apiKey: 'any', baseURL: sim.url } };

  const workers = await startWorkers(config);
  await client.workflow.start('campaign', { workflowId: campaignWorkflowId(name), taskQueue: QUEUES.orchestrate, args: [{ campaign: name }] });
  const described = async () => (await Promise.all(Array.from({ length: SITUATIONS }, (_, n) => client.workflow.getHandle(situationWorkflowId(name, n, 0)).describe().catch(() => null)))).filter((each) => each !== null);
  const steps = async () => (await described()).flatMap((each) => each.raw.pendingActivities ?? []);
  // the one that is answered may end its situation
  const begun = async () => (await described()).filter(({ status, raw }) => status.name !== 'RUNNING' || raw.pendingActivities?.some(({ lastStartedTime }) => lastStartedTime != null) === true).length;
  await expect.poll(begun, WAIT).toBe(SITUATIONS);
  await workers.stop();
  const left = (await steps()).filter(({ lastFailure }) => lastFailure?.applicationFailureInfo?.type === FAILURE.turnedAway);
  // of one, a call may just have been answered
  expect(left.length).toBeGreaterThanOrEqual(SITUATIONS - 1);
  // what the next attempt reads: of this one nothing can have been lost
  const beats = left.map(({ heartbeatDetails, attempt }) => ({ attempt, beat: JSON.parse(Buffer.from(heartbeatDetails?.payloads?.[0]?.data ?? []).toString()) as unknown }));
  expect(beats).toEqual(Array(left.length).fill({ attempt: 2, beat: { settled: 1 } }));
});
