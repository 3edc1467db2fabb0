import type { DataType, Field, Schema } from 'apache-arrow';
import { DataType as Types } from 'apache-arrow';
import { stringify } from 'yaml';
import { SPLITS } from '../../schemas/campaign.ts';
import { licenceTable, markdownTable, simulatedNotice } from '../shards/card.ts';
import type { Exported } from './exported.ts';
import { FORMAT } from './formats.ts';
import type { ExportSource } from './source.ts';
import { VIEW } from './views/index.ts';
import { DROPS, SITUATION_NOTES } from './views/view.ts';
import type { Fates } from './tally.ts';

/** What the reasons mean that situations and versions are dropped for; outcomes stand for themselves. */
const REASONS: Record<string, string> = {
  ...DROPS,
  noRow: 'converged, and no row came of it',
  branch: 'of a verification branch',
  equivalent: 'not materially different from the final version',
  unused: 'in no row of this view',
  waiting: 'had not ended',
  contaminated: 'of the training split, and resembles a held-out situation',
};

/** The dataset card: front matter from which `load_dataset` takes files and columns, then what a row is and how it was made. */
export function exportCard({ texts, manifest }: Pick<ExportSource, 'texts' | 'manifest'>, schema: Schema, exported: Exported): string {
  const { options, simulated, generation, model, fingerprint } = exported;
  const view = VIEW[options.view];
  const notes: Record<string, string> = { ...SITUATION_NOTES, ...view.notes };
  return [
    `---\n${frontMatter(schema, exported)}---`,
    `# ${exported.campaign}: ${options.view}`,
    ...(simulated === null ? [] : [simulatedNotice(simulated, manifest.merged)]),
    view.about,
    'The plans are for imaginary situations. An exemplary actor drafted each one, had it criticised text by text, revised it, and verified the final version under other explanations. ' +
      'Ids of nodes are counted anew in each text, as the original ones would tell how often a plan was revised. Splits are by family of situations, as in the source.',
    `## How it was made\n\nFrom generation ${generation} of the campaign \`${exported.campaign}\` (fingerprint \`${fingerprint}\`, model \`${model}\`), as ${FORMAT[options.format].name}, by\n\n` +
      `\`\`\`sh\n${command(exported)}\n\`\`\``,
    `## Counts\n\n${counts(exported)}`,
    `## Columns\n\n${markdownTable(['column', 'meaning'], schema.names.map((name) => [String(name), notes[String(name)] ?? '']))}`,
    `## Loading\n\n\`\`\`python\nfrom datasets import load_dataset\n\ndataset = load_dataset("path/to/this/folder")\n\`\`\``,
    `## Texts\n\nThe plans were revised by critiques that rest on these texts; explanations may quote them, and their licences hold for the quotes.\n\n${licenceTable(texts)}`,
  ].join('\n\n') + '\n';
}

/** Hugging Face's datasets do not load a split without rows ("corresponds to no data"): its file is there and not listed, unless all are empty. */
function frontMatter(schema: Schema, { options, simulated, campaign, files, rows }: Exported): string {
  const listed = rows.kept === 0 ? SPLITS : SPLITS.filter((split) => rows.splits[split] > 0);
  const data_files = listed.map((split) => ({ split, path: files.filter((file) => file.split === split).map(({ path }) => path) }));
  return stringify({
    pretty_name: `${campaign}: ${options.view}`,
    license: 'other',
    tags: ['planning', 'process-supervision', options.view, ...(simulated === null ? [] : ['simulated'])],
    dataset_info: {
      config_name: options.view,
      features: schema.fields.map(feature),
      splits: listed.map((name) => ({ name, num_bytes: sum(files.filter(({ split }) => split === name).map(({ bytes }) => bytes)), num_examples: rows.splits[name] })),
      download_size: sum(files.map(({ bytes }) => bytes)),
    },
    configs: [{ config_name: options.view, default: true, data_files }],
  });
}

/** A column as Hugging Face's cards name its type. */
function feature({ name, type }: Field): object {
  return { name, ...typeOf(type as DataType) };
}

function typeOf(type: DataType): object {
  if (Types.isList(type)) {
    const item = typeOf(type.valueField.type as DataType) as { dtype?: string; struct?: object };
    return { list: item.dtype ?? item.struct ?? item };
  }
  if (Types.isStruct(type)) return { struct: type.children.map((child: Field) => feature(child)) };
  if (Types.isUtf8(type)) return { dtype: 'string' };
  if (Types.isBool(type)) return { dtype: 'bool' };
  return { dtype: Types.isFloat(type) ? 'float64' : 'int32' };
}

function command({ campaign, generation, options }: Exported): string {
  const flags = [
    `--view ${options.view}`,
    `--format ${options.format}`,
    `--generation ${generation}`,
    ...(options.view === 'preference' ? [`--pairs ${options.pairs}`] : []),
    ...(options.style === 'plain' ? [] : [`--style ${options.style}`]),
    ...(options.completion === 'text' ? [] : [`--completion ${options.completion}`]),
    ...(options.with === null ? [] : [`--with ${options.with}`]),
    ...(options.branch === 'main' ? [] : [`--branch ${options.branch}`]),
    ...(options.minDistance === 0 ? [] : [`--min-distance ${options.minDistance}`]),
    ...(options.maxChars === null ? [] : [`--max-chars ${options.maxChars}`]),
    ...(options.decontaminate === null ? [] : [`--decontaminate ${options.decontaminate}`]),
  ];
  return `exemplar export ${campaign} OUT ${flags.join(' ')}`;
}

function counts({ situations, versions, rows }: Exported): string {
  const splits = markdownTable(['split', 'rows'], SPLITS.map((split) => [split, rows.splits[split]]));
  const of = (noun: string, { total, kept, dropped }: Fates): [string, number][] => [
    [noun, total],
    ['... kept', kept],
    ...Object.entries(dropped).map(([reason, n]): [string, number] => [`... dropped: ${REASONS[reason] ?? reason}`, n]),
  ];
  return `${splits}\n\n${markdownTable(['of', 'number'], [...of('situations planned', situations), ...of('their versions', versions), ...of('candidates for a row', rows)])}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
