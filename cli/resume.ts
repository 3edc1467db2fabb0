import type { Command } from 'commander';
import { Output, verb } from './output.ts';
import { trainingNamed } from './training/name.ts';

interface ResumeOptions {
  json?: boolean;
  detach?: boolean;
}

export function register(program: Command): void {
  verb(program, 'resume <name>', 'go on with a paused, cancelled, failed or lost campaign, also on an empty Temporal; or, as train/RUN, with a paused training')
    .option('--detach', 'start, and do not follow')
    .action(async (name: string, options: ResumeOptions) => {
      const output = new Output(options);
      const detach = options.detach === true;
      const run = trainingNamed(name);
      if (run === null) {
        const { resume } = await import('./campaign/change.ts');
        process.exitCode = await resume(name, output, detach);
      } else {
        const { withSession } = await import('./session.ts');
        const { resumeTraining } = await import('./training/change.ts');
        await withSession((session) => resumeTraining(session, run, output, detach));
      }
    });
}
