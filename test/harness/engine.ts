import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import type { BatchProvider } from '../../activities/batches/provider.ts';
import type { Model } from '../../activities/model.ts';
import type { ObjectStore } from '../../activities/store.ts';
import { dataConverterOf } from '../../infra/codec/data-converter.ts';
import type { PayloadKeys } from '../../infra/codec/payload-keys.ts';
import { S3Store } from '../../infra/store-s3.ts';
import { ensureSearchAttributes } from '../../infra/temporal.ts';
import { createActivities } from '../../workers/ports.ts';
import { bundleWorkflows } from '../../workers/worker.ts';
import { QUEUES } from '../../workflows/messages.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

/** The workflows as bundled from source. */
export const WORKFLOWS = { codePath: inject('workflows') };

let sealed: ReturnType<typeof bundleWorkflows> | undefined;

/** The same, for payloads that are encrypted. */
export const sealedWorkflows = (): ReturnType<typeof bundleWorkflows> => (sealed ??= bundleWorkflows({ sealed: true }));

export interface Engine {
  client: Client;
  namespace: string;
  store: ObjectStore;
  stop(): Promise<void>;
}

export interface EngineOptions {
  /** Payloads are encrypted with these. */
  keys?: PayloadKeys;
  /** Of an engine before this one, whose workflows go on. */
  namespace?: string;
  /** Where batches are asked; absent: nowhere. */
  batches?: BatchProvider;
}

/** Workers on every queue, in a namespace of their own on the run's Temporal server. */
export async function startEngine(model: Model, store: ObjectStore, provider = 'simulated:test-law', { keys, namespace: known, batches }: EngineOptions = {}): Promise<Engine> {
  const { temporalAddress: address } = inject('services');
  const connection = await Connection.connect({ address });
  const namespace = known ?? `test-${randomUUID()}`;
  if (known === undefined) await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 } as never });
  const dataConverter = dataConverterOf(keys);
  const client = new Client({ connection, namespace, dataConverter });
  await ensureSearchAttributes(client);
  const native = await NativeConnection.connect({ address });
  const { atHand, llm, io, tools, settled } = createActivities(store, model, () => Promise.resolve(provider), client, batches);
  const common = { connection: native, namespace, dataConverter };
  const bundle = keys === undefined ? WORKFLOWS : await sealedWorkflows();
  const workers = await Promise.all([
    Worker.create({ ...common, taskQueue: QUEUES.orchestrate, workflowBundle: bundle, activities: atHand, enableNonLocalActivities: false }),
    Worker.create({ ...common, taskQueue: QUEUES.llm, activities: llm }),
    Worker.create({ ...common, taskQueue: QUEUES.tools, activities: tools }),
    Worker.create({ ...common, taskQueue: QUEUES.io, activities: io }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    client,
    namespace,
    store,
    stop: async () => {
      for (const worker of workers) worker.shutdown();
      await running;
      await settled();
      await native.close();
      await connection.close();
    },
  };
}

/** The run's S3 server, with a bucket that all tests share: campaigns need names of their own. */
export function testStore(): S3Store {
  const { bucket, s3Endpoint, accessKeyId, secretAccessKey } = inject('services');
  return new S3Store({ bucket, endpoint: s3Endpoint, credentials: { accessKeyId, secretAccessKey } });
}

/** On the same server a bucket of its own: there is one cap for all campaigns of a bucket. */
export async function bucketOf(bucket: string): Promise<S3Store> {
  const { s3Endpoint: endpoint, accessKeyId, secretAccessKey } = inject('services');
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return new S3Store({ bucket, endpoint, credentials });
}
