import { InvalidArgumentError, type Command } from 'commander';
import { WORKER_QUEUES, type WorkerQueue } from '../workers/queues.ts';
import { Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'worker', 'work on task queues until told to stop; SIGTERM lets calls in flight finish')
    .option('--queues <list>', `separated by commas, of ${WORKER_QUEUES.join(', ')}`, queues, [...WORKER_QUEUES])
    .action(async (options: { json?: boolean; queues: WorkerQueue[] }) => {
      const { runWorker } = await import('./worker-process.ts');
      await runWorker(options.queues, new Output(options));
    });
}

function queues(text: string): WorkerQueue[] {
  return text.split(',').map((part) => {
    const name = WORKER_QUEUES.find((each) => each === part.trim());
    if (name === undefined) throw new InvalidArgumentError(`"${part}" is not one of ${WORKER_QUEUES.join(', ')}.`);
    return name;
  });
}
