import type { Command } from 'commander';
import { Output, verb } from './output.ts';
import { wholeNumber } from './whole-number.ts';

export function register(program: Command): void {
  verb(program, 'preview <file>', "run a campaign's first situations and show them; the campaign reuses their answers")
    .option('-n, --number <n>', 'how many situations', wholeNumber(1), 3)
    .action(async (file: string, options: { json?: boolean; number: number }) => {
      const { readCampaignSource } = await import('../infra/campaign-source.ts');
      const { priceTable } = await import('./environment.ts');
      const source = await readCampaignSource(file, priceTable());
      const { withSession } = await import('./session.ts');
      const { previewFile } = await import('./campaign/preview.ts');
      process.exitCode = await withSession((session) => previewFile(session, source, options.number, new Output(options)));
    });
}
