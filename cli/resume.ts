import type { Command } from 'commander';
import { Output, verb } from './output.ts';

interface ResumeOptions {
  json?: boolean;
  detach?: boolean;
}

export function register(program: Command): void {
  verb(program, 'resume <name>', 'go on with a paused, cancelled, failed or lost campaign, also on an empty Temporal')
    .option('--detach', 'start, and do not follow')
    .action(async (name: string, options: ResumeOptions) => {
      const { resume } = await import('./campaign/change.ts');
      process.exitCode = await resume(name, new Output(options), options.detach === true);
    });
}
