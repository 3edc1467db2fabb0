import type { Command } from 'commander';
import { Output, verb } from './output.ts';

interface RetryOptions {
  json?: boolean;
  detach?: boolean;
}

export function register(program: Command): void {
  verb(program, 'retry-failed <name>', 'try failed and over-budget situations once more')
    .option('--detach', 'start, and do not follow')
    .action(async (name: string, options: RetryOptions) => {
      const { retryFailed } = await import('./campaign/change.ts');
      process.exitCode = await retryFailed(name, new Output(options), options.detach === true);
    });
}
