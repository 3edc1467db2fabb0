import type { Command } from 'commander';
import { Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'cancel <name>', 'end a campaign early: what has ended is sealed, the rest waits for `resume`').action(async (name: string, options: { json?: boolean }) => {
    const { changeState } = await import('./campaign/change.ts');
    const { withSession } = await import('./session.ts');
    await withSession((session) => changeState(session, name, 'cancelled', new Output(options)));
  });
}
