import type { Command } from 'commander';
import { Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'delete <name>', 'remove a campaign and its dataset; asks first, and leaves answers and checkpoints')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, options: { json?: boolean; yes?: boolean }) => {
      const { deleteDataset } = await import('./datasets/delete.ts');
      process.exitCode = await deleteDataset(name, new Output(options), options.yes === true);
    });
}
