import type { Command } from 'commander';
import { Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'set <name> <change...>', 'change a running campaign: concurrency=N budget=USD stopAfter=SHARE/COUNT (or off) mode=interactive|batch').action(async (name: string, changes: string[], options: { json?: boolean }) => {
    const { parseChanges } = await import('./campaign/changes.ts');
    const parsed = parseChanges(changes);
    const { changeSettings } = await import('./campaign/change.ts');
    await changeSettings(name, parsed, new Output(options));
  });
}
