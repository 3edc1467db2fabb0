import type { Command } from 'commander';
import { Output, verb } from './output.ts';
import { trainingNamed } from './training/name.ts';

export function register(program: Command): void {
  verb(program, 'cancel <name>', 'end a campaign early: what has ended is sealed, the rest waits for `resume`; or, as train/RUN, a training: `train` goes on').action(
    async (name: string, options: { json?: boolean }) => {
      const { withSession } = await import('./session.ts');
      const run = trainingNamed(name);
      if (run === null) {
        const { changeState } = await import('./campaign/change.ts');
        await withSession((session) => changeState(session, name, 'cancelled', new Output(options)));
      } else {
        const { changeTraining } = await import('./training/change.ts');
        await withSession((session) => changeTraining(session, run, 'cancelled', new Output(options)));
      }
    },
  );
}
