import type { Command } from 'commander';
import type { MergeOptions } from './datasets/merged.ts';
import { Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'merge <name...>', 'one dataset out of those of several campaigns, each its last generation or NAME@GENERATION')
    .requiredOption('--into <name>', 'name of the merged dataset; again with the same sources: its next generation')
    .option('--split-like <name>', 'split all families by the seed and shares of this source; needed where they differ')
    .option('--mix-simulated', 'merge simulated and real plans')
    .action(async (names: string[], options: MergeOptions) => {
      const { mergeDatasets } = await import('./datasets/merged.ts');
      await mergeDatasets(names, options, new Output(options));
    });
}
