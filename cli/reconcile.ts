import type { Command } from 'commander';
import { Output, verb } from './output.ts';

interface ReconcileOptions {
  json?: boolean;
  detach?: boolean;
  dryRun?: boolean;
}

export function register(program: Command): void {
  verb(program, 'reconcile <finer>', 'tell a coarser campaign where the plans of a finer one contradict what its actions promise, and let it revise')
    .option('--dry-run', 'say what contradicts, change nothing')
    .option('--detach', 'start, and do not follow')
    .action(async (finer: string, options: ReconcileOptions) => {
      const { reconcile } = await import('./campaign/reconcile.ts');
      process.exitCode = await reconcile(finer, new Output(options), { detach: options.detach === true, dryRun: options.dryRun === true });
    });
}
