import { closest } from 'fastest-levenshtein';
import { InvalidArgumentError, type Command } from 'commander';
import type { Exported } from '../activities/exports/exported.ts';
import type { StoryFilter } from '../activities/exports/filters.ts';
import type { Fates } from '../activities/exports/tally.ts';
import type { VerifySource } from '../activities/shards/verify-source.ts';
import { ADDITIONS, BRANCHES, COMPLETIONS, FORMATS, PAIRS, STYLES, VIEWS, type ExportOptions } from '../schemas/exports.ts';
import { datasetSource } from './dataset-source.ts';
import { count, counted } from './figures.ts';
import { Output, verb } from './output.ts';
import { wholeNumber } from './whole-number.ts';

interface Options extends Partial<ExportOptions> {
  json?: boolean;
  view: ExportOptions['view'];
  generation?: number;
}

export function register(program: Command): void {
  verb(program, 'export <name|dir> <out>', 'write a dataset into a folder, laid out for TRL and Hugging Face: prompts with better and worse plans')
    .requiredOption('--view <view>', `what a row is: ${VIEWS.join(', ')}`, one(VIEWS))
    .option('--format <format>', 'arrow, parquet or jsonl (default: arrow)', one(FORMATS))
    .option('--pairs <pairs>', 'preference: the final version against all negatives, versions against their adjacent ones, or against the first alone (default: all)', one(PAIRS))
    .option('--style <style>', 'plain texts, or conversational: lists of role and content (default: plain)', one(STYLES))
    .option('--completion <form>', 'the plan as text or as json (default: text)', one(COMPLETIONS))
    .option('--with <addition>', 'explanation: the completion explains the plan, too', one(ADDITIONS))
    .option('--branch <branches>', 'versions of the main line, or all: those of verification too (default: main)', one(BRANCHES))
    .option('--min-distance <edits>', 'leave out plans that lie closer to the better one than this, in tree edits; 1 leaves out what differs in numbers alone', wholeNumber(0))
    .option('--max-chars <n>', 'leave out rows whose prompt and completion together are longer', wholeNumber(1))
    .option('--decontaminate <own|file|name|dir[:split]>', "leave out training situations that resemble held-out ones: the dataset's own validation and test splits, a file of situations, or another dataset")
    .option('--generation <n>', 'by default the last one', wholeNumber(1))
    .action(async (name: string, out: string, { json, generation, ...given }: Options) => {
      const { exportDataset } = await import('../activities/exports/export.ts');
      const { completeOptions } = await import('../activities/exports/options.ts');
      const options = completeOptions(given);
      const source = await datasetSource(name);
      const filters = options.decontaminate === null ? [] : [await decontamination(options.decontaminate, source, name, generation)];
      const exported = await exportDataset({ source, name, folder: out, options, filters, ...(generation === undefined ? {} : { generation }) });
      new Output(json === true ? { json } : {}).result({ out, ...exported }, text(out, exported));
    });
}

async function decontamination(named: string, source: VerifySource, name: string, generation: number | undefined): Promise<StoryFilter> {
  const { decontaminating } = await import('../activities/exports/filters.ts');
  const { readHeldOut, readHeldOutSplits } = await import('./stats/held-out.ts');
  const { shingled } = await import('../activities/curation/decontaminate.ts');
  const heldOut = named === 'own' ? await readHeldOutSplits(source, name, generation) : await readHeldOut('--decontaminate', named);
  return decontaminating([...shingled(heldOut)]);
}

function one<Known extends string>(known: readonly Known[]): (text: string) => Known {
  return (text) => {
    const found = known.find((each) => each === text);
    if (found === undefined) throw new InvalidArgumentError(known.length === 1 ? `"${known[0]}" is allowed.` : `did you mean "${known.find((each) => text !== '' && each.startsWith(text)) ?? closest(text, known)}"? Known: ${known.join(', ')}.`);
    return found;
  };
}

function text(out: string, { campaign, generation, simulated, options, situations, versions, rows, files }: Exported): string {
  const splits = Object.entries(rows.splits).map(([split, n]) => `${split} ${count(n)}`);
  return [
    `${out}: ${options.view} from generation ${generation} of ${campaign}, ${counted(rows.kept, 'row')} (${splits.join(', ')}) in ${counted(files.length, 'file')}`,
    ...(rows.kept === 0 ? ['no row came of it: the reasons are below'] : []),
    fates('situations', situations),
    fates('versions', versions),
    fates('rows', rows),
    ...(simulated === null ? [] : [`SIMULATED (law ${simulated.slice(0, 12)}): a simulated model wrote these plans, no language model was called`]),
  ].join('\n');
}

function fates(noun: string, { total, kept, dropped }: Fates): string {
  const reasons = Object.entries(dropped).map(([reason, n]) => `${reason} ${count(n)}`);
  return `  ${noun.padEnd(10)}  ${count(kept)} of ${count(total)}${reasons.length === 0 ? '' : `; dropped: ${reasons.join(', ')}`}`;
}
