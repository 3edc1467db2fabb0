import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { packageRoot } from '../package-root.ts';

export interface ThreadOptions {
  /** Entry below dist/, such as `bundle/compute.js`. */
  entry: string;
  workerData?: unknown;
  /** Wall-clock milliseconds of one job; the time to start the thread does not count. */
  limitMs: number;
  /** Size that the thread's heap may grow to. */
  memoryMb: number;
}

/** The job's own failure: its entry threw, or it took too much time or memory and was ended, and the thread with it. */
export class JobFailed extends Error {
  override name = 'JobFailed';
}

const START_MS = 30_000;

/** What the thread says (`answer`, `failed`), and what became of it otherwise. */
type Outcome<Answer> = { answer: Answer } | { failed: string } | { ended: string } | { aborted: Error };

/**
 * Runs one job at a time in a thread that sees no environment and has its own small heap. The thread stays for the next job, and is
 * replaced after a job that had to be ended. Its entry calls `serve`.
 */
export class Thread<Job, Answer> {
  readonly #options: ThreadOptions;
  #worker: Promise<Worker> | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /** @throws JobFailed; the signal's reason; Error where the thread cannot be started. */
  async run(job: Job, signal?: AbortSignal): Promise<Answer> {
    const mine = this.#last.then(async () => await this.#runNow(job, signal));
    this.#last = mine.catch(() => undefined);
    return await mine;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await (await worker?.catch(() => undefined))?.terminate();
  }

  async #runNow(job: Job, signal?: AbortSignal): Promise<Answer> {
    signal?.throwIfAborted();
    const worker = await this.#started();
    worker.ref();
    try {
      const outcome = await outcomeOf<Answer>(worker, job, this.#options, signal);
      if ('ended' in outcome || 'aborted' in outcome) await this.close();
      if ('ended' in outcome) throw new JobFailed(outcome.ended);
      if ('failed' in outcome) throw new JobFailed(outcome.failed);
      if ('aborted' in outcome) throw outcome.aborted;
      return outcome.answer;
    } finally {
      worker.unref();
    }
  }

  async #started(): Promise<Worker> {
    this.#worker ??= start(this.#options);
    try {
      return await this.#worker;
    } catch (error) {
      this.#worker = null;
      throw error;
    }
  }
}

function start({ entry, workerData, memoryMb }: ThreadOptions): Promise<Worker> {
  const worker = new Worker(join(packageRoot, 'dist', entry), {
    env: {},
    execArgv: [],
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(new Error(`${entry} did not start within ${START_MS / 1000} s`)), START_MS);
    const fail = (error: Error) => {
      clearTimeout(timer);
      void worker.terminate();
      reject(error);
    };
    worker.once('error', fail);
    worker.once('message', () => {
      clearTimeout(timer);
      worker.off('error', fail);
      // between jobs a thread may die unheard: its next job finds it gone
      worker.on('error', () => undefined);
      resolve(worker);
    });
  });
}

function outcomeOf<Answer>(worker: Worker, job: unknown, { limitMs, memoryMb }: ThreadOptions, signal?: AbortSignal): Promise<Outcome<Answer>> {
  return new Promise((resolve) => {
    const settle = (outcome: Outcome<Answer>) => {
      clearTimeout(timer);
      worker.off('message', settle).off('error', onError).off('exit', onExit);
      signal?.removeEventListener('abort', onAbort);
      resolve(outcome);
    };
    const timer = setTimeout(() => settle({ ended: `took longer than ${limitMs / 1000} s` }), limitMs);
    const onError = (error: NodeJS.ErrnoException) =>
      settle({ ended: error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? `took more than ${memoryMb} MB of memory` : `broke off: ${error.message}` });
    const onExit = () => settle({ ended: 'broke off' });
    const onAbort = () => settle({ aborted: signal?.reason as Error });
    worker.once('message', settle).once('error', onError).once('exit', onExit);
    signal?.addEventListener('abort', onAbort);
    // a thread that died between two jobs
    if (worker.threadId === -1) onExit();
    else worker.postMessage(job);
  });
}
