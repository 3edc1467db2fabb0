import type { Command } from 'commander';
import { Output, verb } from './output.ts';
import { trainingNamed } from './training/name.ts';

export function register(program: Command): void {
  verb(program, 'pause <name>', 'hold a campaign: calls in flight finish, no new ones are made; or, as train/RUN, a training: it puts a checkpoint').action(
    async (name: string, options: { json?: boolean }) => {
      const { withSession } = await import('./session.ts');
      const run = trainingNamed(name);
      if (run === null) {
        const { changeState } = await import('./campaign/change.ts');
        await withSession((session) => changeState(session, name, 'paused', new Output(options)));
      } else {
        const { changeTraining } = await import('./training/change.ts');
        await withSession((session) => changeTraining(session, run, 'paused', new Output(options)));
      }
    },
  );
}
