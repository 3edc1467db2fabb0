import { InvalidArgumentError, type Command } from 'commander';
import type { GcOptions } from './datasets/gc.ts';
import { Output, verb } from './output.ts';
import { wholeNumber } from './whole-number.ts';

export function register(program: Command): void {
  verb(program, 'gc [name]', 'what no kept generation of a dataset names, or of all: lists it, and removes it with --delete')
    .option('--delete', 'remove it, instead of only saying what would go')
    .option('--keep <n>', 'newest generations that stay', wholeNumber(1), 3)
    .option('--keep-generation <n>', 'a generation that stays beside them; may be given again', (text, before: number[]) => [...before, wholeNumber(1)(text)], [])
    .option('--older-than <time>', 'leave alone what is younger, such as 90m, 24h or 7d', time, '24h')
    .action(async (name: string | undefined, options: GcOptions) => {
      const { collectGarbage } = await import('./datasets/gc.ts');
      await collectGarbage(name, options, new Output(options));
    });
}

function time(text: string): string {
  if (!/^\d+(s|m|h|d)$/.test(text)) throw new InvalidArgumentError('a number followed by s, m, h or d is allowed.');
  return text;
}
