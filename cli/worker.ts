import { InvalidArgumentError, Option, type Command } from 'commander';
import { DEFAULT_SLOTS, WORKER_QUEUES, type WorkerQueue } from '../workers/queues.ts';
import { DEPLOYMENT_OPTION, versionName } from './deploy.ts';
import { Output, verb } from './output.ts';

interface WorkerOptions {
  json?: boolean;
  queues: WorkerQueue[];
  slots: number;
  deployment: string;
  buildId?: string;
}

const MOST_SLOTS = 10_000;

export function register(program: Command): void {
  verb(program, 'worker', 'work on task queues until told to stop; SIGTERM lets calls in flight finish, a second one does not')
    .option('--queues <list>', `separated by commas, of ${WORKER_QUEUES.join(', ')}`, queues, [...WORKER_QUEUES])
    .addOption(new Option('--slots <n>', 'model calls in flight at once in this process').env('EXEMPLAR_SLOTS').default(DEFAULT_SLOTS).argParser(slots))
    .addOption(new Option('--build-id <id>', 'version of this program: workflows begun on another version are left to its workers').env('EXEMPLAR_BUILD_ID').argParser(versionName))
    .addOption(DEPLOYMENT_OPTION)
    .action(async ({ queues, slots, deployment, buildId, ...options }: WorkerOptions) => {
      const { runWorker } = await import('./worker-process.ts');
      await runWorker(queues, { slots, version: buildId === undefined ? null : { deployment, buildId } }, new Output(options));
    });
}

function slots(text: string): number {
  const n = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isInteger(n) || n < 1 || n > MOST_SLOTS) throw new InvalidArgumentError(`"${text}" is not a whole number from 1 to ${MOST_SLOTS}.`);
  return n;
}

function queues(text: string): WorkerQueue[] {
  return text.split(',').map((part) => {
    const name = WORKER_QUEUES.find((each) => each === part.trim());
    if (name === undefined) throw new InvalidArgumentError(`"${part}" is not one of ${WORKER_QUEUES.join(', ')}.`);
    return name;
  });
}
