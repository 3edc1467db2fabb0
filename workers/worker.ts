import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { dataConverterOf, SEALED_FAILURES } from '../infra/codec/data-converter.ts';
import type { Config } from '../infra/config.ts';
import type { DeploymentVersion } from '../infra/deployments.ts';
import { AnthropicBatches } from '../infra/batches-anthropic.ts';
import { anthropicClient, AnthropicModel } from '../infra/model-anthropic.ts';
import { packageRoot } from '../infra/package-root.ts';
import { identifyProvider } from '../infra/provider.ts';
import { S3Store } from '../infra/store-s3.ts';
import { connectTemporal } from '../infra/temporal.ts';
import { QUEUES } from '../workflows/messages.ts';
import { createActivities } from './ports.ts';
import { DEFAULT_SLOTS, WORKER_QUEUES, type WorkerQueue } from './queues.ts';
import { llmTuning, TUNING } from './tuning.ts';
import { versioned } from './versioning.ts';

/** Bundle that the build writes; without it the workflows are bundled at start, a few seconds later. */
export const BUNDLE_PATH = join(packageRoot, 'dist', 'workflow-bundle.js');
/** The same for workers with payload keys: what its workflows fail with is encrypted too. */
export const SEALED_BUNDLE_PATH = join(packageRoot, 'dist', 'workflow-bundle.sealed.js');

export interface RunningWorkers {
  /** Resolves once every worker polls. */
  ready: Promise<void>;
  /** Stops polling, lets calls that are out finish and makes no more, and waits for answers already paid for. */
  stop(): Promise<void>;
  /** Resolves when all have ended. */
  done: Promise<void>;
}

export interface WorkerSettings {
  /** Model calls in flight at once in this process: they wait more than they work. */
  slots?: number;
  /** null: unversioned. */
  version?: DeploymentVersion | null;
}

/** Starts one worker a queue in this process. */
export async function startWorkers(config: Config, queues: readonly WorkerQueue[] = WORKER_QUEUES, { slots = DEFAULT_SLOTS, version = null }: WorkerSettings = {}): Promise<RunningWorkers> {
  const client: Client = await connectTemporal(config);
  const connection = await NativeConnection.connect({ address: config.temporal.address, ...config.temporal.connection });
  const models = anthropicClient(config.model);
  const provider = once(async () => (await identifyProvider(config.model)).identity);
  const { close, settled, atHand, llm, tools, io } = createActivities(new S3Store(config.s3), new AnthropicModel(models), provider, client, new AnthropicBatches(models));
  const { namespace, payloadKeys = null } = config.temporal;
  const dataConverter = dataConverterOf(payloadKeys);
  const byQueue: Record<WorkerQueue, () => Promise<Partial<WorkerOptions>>> = {
    orchestrate: async () => ({ workflowBundle: await workflowBundle(payloadKeys !== null), activities: atHand, enableNonLocalActivities: false }),
    llm: () => Promise.resolve({ activities: llm, ...llmTuning(slots) }),
    tools: () => Promise.resolve({ activities: tools }),
    io: () => Promise.resolve({ activities: io }),
  };
  const workers = await Promise.all(
    queues.map(async (queue) => await Worker.create({ connection, namespace, dataConverter, taskQueue: QUEUES[queue], ...TUNING[queue], ...versioned(version), ...(await byQueue[queue]()) })),
  );
  const done = Promise.all(workers.map((worker) => worker.run())).then(async () => {
    await settled();
    await connection.close();
    await client.connection.close();
  });
  return {
    ready: Promise.resolve(),
    done,
    stop: async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      close();
      await done;
    },
  };
}

/** Asks until it has an answer, then remembers it. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let known: Promise<T> | undefined;
  return () => {
    known ??= ask();
    known.catch(() => (known = undefined));
    return known;
  };
}

async function workflowBundle(sealed: boolean): Promise<{ codePath: string } | { code: string }> {
  const codePath = sealed ? SEALED_BUNDLE_PATH : BUNDLE_PATH;
  return existsSync(codePath) ? { codePath } : await bundleWorkflows({ sealed });
}

/** Bundles workflows/index for the sandbox; `sealed`: with failures that the codec encrypts. */
export async function bundleWorkflows({ sealed = false } = {}): Promise<{ code: string }> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return await bundleWorkflowCode({
    logger: new DefaultLogger('WARN'),
    workflowsPath: fileURLToPath(new URL(`../workflows/index.${extension}`, import.meta.url)),
    ...(sealed ? { failureConverterPath: SEALED_FAILURES } : {}),
  });
}
