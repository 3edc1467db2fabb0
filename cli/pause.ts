import type { Command } from 'commander';
import { Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'pause <name>', 'hold a campaign: calls in flight finish, no new ones are made').action(async (name: string, options: { json?: boolean }) => {
    const { changeState } = await import('./campaign/change.ts');
    const { withSession } = await import('./session.ts');
    await withSession((session) => changeState(session, name, 'paused', new Output(options)));
  });
}
