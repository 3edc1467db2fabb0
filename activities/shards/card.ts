import { stringify } from 'yaml';
import { SPLITS } from '../../schemas/campaign.ts';
import type { FileEntry, Manifest, Merged } from '../../schemas/manifest.ts';
import { quoteSource } from '../prices.ts';
import { COLUMN_NOTES } from './column-notes.ts';

/** A text that critiques quote. */
export interface QuotedText {
  title: string;
  licence?: string | null | undefined;
}

/**
 * The dataset card: Hugging Face front matter that names every file, then what the data are, how they were made and how to load them.
 * `texts` may name one several times.
 */
export function datasetCard(texts: readonly QuotedText[], manifest: Manifest): string {
  const { merged } = manifest;
  return [
    `---\n${frontMatter(manifest)}---`,
    `# ${manifest.campaign}`,
    ...(manifest.simulated === null ? [] : [simulatedNotice(manifest.simulated, merged)]),
    'Plans for imaginary situations, with every version that an exemplary actor went through: drafted, criticised text by text, revised, and verified ' +
      'under other explanations. Of a converged situation the final version is `positive`, earlier versions that differ materially from it are ' +
      '`negative`, those that do not are `equivalent`; versions of a situation that did not converge are labelled `none`.',
    `Generation ${manifest.generation} · model \`${manifest.model}\` · ${merged === undefined ? `${manifest.calls} calls, ${dollars(manifest)} ${pricesOf(manifest)} · ` : ''}fingerprint \`${manifest.fingerprint}\``,
    ...(merged === undefined ? [] : [sourcesText(merged)]),
    `## Outcomes\n\n${markdownTable(['outcome', 'situations'], [...Object.entries(manifest.outcomes), ['planned', manifest.planned]])}\n\nDuplicates dropped before counting: ${manifest.duplicates}.`,
    `## Columns\n\n\`data/\` holds one row a version, sorted by situation, branch and revision; \`situations/\` one row a situation, refused and failed ones included; \`ledger/\` one row a paid call${merged === undefined ? '' : ' (in the datasets that this one was merged from)'}.\n\n${markdownTable(['column of data/', 'meaning'], Object.entries(COLUMN_NOTES))}`,
    loading(),
    `## Texts\n\nThe critiques quote these texts, and their licences hold for the quotes.\n\n${licenceTable(texts)}`,
  ].join('\n\n') + '\n';
}

function dollars({ nanoUsd }: { nanoUsd: number }): string {
  return `$${(nanoUsd / 1e9).toFixed(4)}`;
}

function sourcesText({ sources, splits, seed }: Merged): string {
  const rows = sources.map((source): string[] => [
    `${source.campaign}, generation ${source.generation}`,
    source.model,
    source.simulated === null ? 'no' : `law \`${source.simulated.slice(0, 12)}\``,
    source.from === source.to ? 'none' : `${source.from} to ${source.to - 1}`,
    String(source.dropped),
    String(source.moved),
    `${source.calls} calls, ${dollars(source)} ${source.prices === undefined ? '' : `at the prices of ${quoteSource(source.prices)}`}`.trimEnd(),
  ]);
  return (
    `## Sources\n\nMerged from these generations, in this order; \`campaign\` says of each version where it was made. Split by \`root_id\` with seed ${seed} into ` +
    `${SPLITS.map((split) => `${split} ${splits[split]}`).join(', ')}. A situation of several sources stands once: the converged one counts, then the one that ` +
    `comes first here. What sources cost is not counted again in this dataset.\n\n` +
    markdownTable(['source', 'model', 'simulated', 'situation_index', 'dropped as known', 'moved to another split', 'cost'], rows)
  );
}

function pricesOf({ prices }: Manifest): string {
  return prices === undefined ? '' : ` at the prices of ${quoteSource(prices)}`;
}

function frontMatter({ campaign, pages, simulated }: Manifest): string {
  const files = pages.flatMap((page) => page.files);
  const config = (config_name: string, kind: FileEntry['kind'], standard: boolean) => {
    const data_files = SPLITS.map((split) => ({ split, path: files.filter((file) => file.kind === kind && file.split === split).map(({ key }) => key) }));
    return { config_name, ...(standard ? { default: true } : {}), data_files: data_files.filter(({ path }) => path.length > 0) };
  };
  const configs = [config('plans', 'data', true), config('situations', 'situations', false)].filter(({ data_files }) => data_files.length > 0);
  return stringify({
    pretty_name: campaign,
    license: 'other',
    tags: ['planning', 'process-supervision', 'contrastive', ...(simulated === null ? [] : ['simulated'])],
    configs,
  });
}

/** Says that no language model wrote the plans, or not all of them. */
export function simulatedNotice(law: string, merged: Merged | undefined): string {
  const real = merged?.sources.filter(({ simulated }) => simulated === null).map(({ campaign }) => campaign) ?? [];
  if (real.length > 0) return `> **PARTLY SIMULATED.** A simulated model wrote the plans of all sources but ${real.join(', ')}, by the rates of the law files with the hashes \`${law}\`: they say nothing about any real model. \`campaign\` tells the rows apart.`;
  return `> **SIMULATED.** No language model wrote these plans: a simulated model did, by the rates of the law file with the hash \`${law}\`. They serve to test programs and measure learning, and say nothing about any real model.`;
}

function loading(): string {
  return `## Loading

Take the files from a manifest, never by listing: a folder may hold files of several generations.

\`\`\`python
import json
import pyarrow as pa

manifest = json.load(open("manifest.json"))
files = [f["key"] for page in manifest["pages"] for f in page["files"] if f["kind"] == "data" and f["split"] == "train"]
table = pa.concat_tables(pa.ipc.open_file(pa.memory_map(key)).read_all() for key in files)
\`\`\`

\`\`\`python
from datasets import load_dataset

train = load_dataset("arrow", data_files={"train": files}, split="train")
\`\`\``;
}

/** The texts with their licences. */
export function licenceTable(texts: readonly QuotedText[]): string {
  return markdownTable(['text', 'licence'], [...new Map(texts.map(({ title, licence }) => [title, licence ?? 'not recorded']))]);
}

/** A table whose cells are one line each. */
export function markdownTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cell = (text: string | number) => String(text).replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n');
}
