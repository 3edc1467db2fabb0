import { InvalidArgumentError, type Command } from 'commander';
import { Output, verb } from './output.ts';
import { wholeNumber } from './whole-number.ts';

interface Options {
  json?: boolean;
  generation?: number;
  heldOut?: string;
  similarity?: number;
}

export function register(program: Command): void {
  verb(program, 'stats <name|dir>', 'what a dataset holds: outcomes, versions, edits, values, near-duplicates, contamination')
    .option('--generation <n>', 'by default the last one', wholeNumber(1))
    .option('--held-out <file|name|dir[:split]>', "situations that training ones are held against; by default the dataset's own validation and test splits")
    .option('--similarity <share>', 'Jaccard similarity over runs of three words from which on two texts count as near-duplicates; by default 0.8', share)
    .action(async (target: string, { generation, heldOut, similarity, ...options }: Options) => {
      const { readCuration } = await import('./stats/curation.ts');
      const { curationText } = await import('./stats/text.ts');
      const curation = await readCuration(target, { generation, heldOut, similarity });
      new Output(options).result(curation, curationText(curation));
    });
}

function share(text: string): number {
  const n = Number(text);
  if (text.trim() === '' || !(n > 0 && n <= 1)) throw new InvalidArgumentError('a number above 0, and at most 1, is allowed.');
  return n;
}
