import { parentPort } from 'node:worker_threads';

/** The thread's side of thread.ts: says that it is ready and answers jobs, one after another. An Error is answered with its first line. */
export function serve<Job, Answer>(work: (job: Job) => Answer): void {
  parentPort?.on('message', (job: Job) => {
    try {
      parentPort?.postMessage({ answer: work(job) });
    } catch (error) {
      parentPort?.postMessage({ failed: (error as Error).message.split('\n')[0] ?? 'failed' });
    }
  });
  parentPort?.postMessage('ready');
}
