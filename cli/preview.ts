import { InvalidArgumentError, type Command } from 'commander';
import { Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'preview <file>', "run a campaign's first situations and show them; the campaign reuses their answers")
    .option('-n, --number <n>', 'how many situations', positive, 3)
    .action(async (file: string, options: { json?: boolean; number: number }) => {
      const { readCampaignSource } = await import('../infra/campaign-source.ts');
      const { priceTable } = await import('./environment.ts');
      const source = await readCampaignSource(file, priceTable());
      const { withSession } = await import('./session.ts');
      const { previewFile } = await import('./campaign/preview.ts');
      process.exitCode = await withSession((session) => previewFile(session, source, options.number, new Output(options)));
    });
}

function positive(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError('a whole number from 1 is allowed.');
  return n;
}
