import { InvalidArgumentError, type Command } from 'commander';
import { Output, verb } from './output.ts';

const QUEUE_NAMES = ['orchestrate', 'llm', 'io'] as const;
type QueueName = (typeof QUEUE_NAMES)[number];

export function register(program: Command): void {
  verb(program, 'worker', 'work on task queues until told to stop; SIGTERM lets calls in flight finish')
    .option('--queues <list>', `separated by commas, of ${QUEUE_NAMES.join(', ')}`, queues, [...QUEUE_NAMES])
    .action(async (options: { json?: boolean; queues: QueueName[] }) => {
      const { runWorker } = await import('./worker-process.ts');
      await runWorker(options.queues, new Output(options));
    });
}

function queues(text: string): QueueName[] {
  return text.split(',').map((part) => {
    const name = QUEUE_NAMES.find((each) => each === part.trim());
    if (name === undefined) throw new InvalidArgumentError(`"${part}" is not one of ${QUEUE_NAMES.join(', ')}.`);
    return name;
  });
}
