import type { Command } from 'commander';
import { Output, verb } from './output.ts';

interface RunOptions {
  json?: boolean;
  detach?: boolean;
}

export function register(program: Command): void {
  verb(program, 'run <file>', 'run a campaign file to the end, or go on with it; Ctrl-C detaches')
    .option('--detach', 'start, and do not follow')
    .action(async (file: string, options: RunOptions) => {
      const { readCampaignSource } = await import('../infra/campaign-source.ts');
      const { priceTable } = await import('./environment.ts');
      const source = await readCampaignSource(file, priceTable());
      const { withSession } = await import('./session.ts');
      const { runFile } = await import('./campaign/run-file.ts');
      process.exitCode = await withSession((session) => runFile(session, source, new Output(options), options.detach === true));
    });
}
