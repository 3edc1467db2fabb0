import { stringify } from 'yaml';
import { SPLITS } from '../../schemas/campaign.ts';
import type { FileEntry, Manifest } from '../../schemas/manifest.ts';
import type { CampaignRecord } from '../../schemas/records.ts';
import { quoteSource } from '../prices.ts';
import { COLUMN_NOTES } from './column-notes.ts';

/** The dataset card: Hugging Face front matter that names every file, then what the data are, how they were made and how to load them. */
export function datasetCard(campaign: CampaignRecord, manifest: Manifest): string {
  return [
    `---\n${frontMatter(campaign, manifest)}---`,
    `# ${manifest.campaign}`,
    ...(manifest.simulated === null ? [] : [simulatedNotice(manifest.simulated)]),
    'Plans for imaginary situations, with every version that an exemplary actor went through: drafted, criticised text by text, revised, and verified ' +
      'under other explanations. Of a converged situation the final version is `positive`, earlier versions that differ materially from it are ' +
      '`negative`, those that do not are `equivalent`; versions of a situation that did not converge are labelled `none`.',
    `Generation ${manifest.generation} · model \`${manifest.model}\` · ${manifest.calls} calls, $${(manifest.nanoUsd / 1e9).toFixed(4)} ${pricesOf(manifest)} · fingerprint \`${manifest.fingerprint}\``,
    `## Outcomes\n\n${markdownTable(['outcome', 'situations'], [...Object.entries(manifest.outcomes), ['planned', manifest.planned]])}\n\nDuplicates dropped before counting: ${manifest.duplicates}.`,
    `## Columns\n\n\`data/\` holds one row a version, sorted by situation, branch and revision; \`situations/\` one row a situation, refused and failed ones included; \`ledger/\` one row a paid call.\n\n${markdownTable(['column of data/', 'meaning'], Object.entries(COLUMN_NOTES))}`,
    loading(),
    `## Texts\n\nThe critiques quote these texts, and their licences hold for the quotes.\n\n${licenceTable(campaign)}`,
  ].join('\n\n') + '\n';
}

function pricesOf({ prices }: Manifest): string {
  return prices === undefined ? '' : ` at the prices of ${quoteSource(prices)}`;
}

function frontMatter(campaign: CampaignRecord, { pages, simulated }: Manifest): string {
  const files = pages.flatMap((page) => page.files);
  const config = (config_name: string, kind: FileEntry['kind'], standard: boolean) => {
    const data_files = SPLITS.map((split) => ({ split, path: files.filter((file) => file.kind === kind && file.split === split).map(({ key }) => key) }));
    return { config_name, ...(standard ? { default: true } : {}), data_files: data_files.filter(({ path }) => path.length > 0) };
  };
  const configs = [config('plans', 'data', true), config('situations', 'situations', false)].filter(({ data_files }) => data_files.length > 0);
  return stringify({
    pretty_name: campaign.name,
    license: 'other',
    tags: ['planning', 'process-supervision', 'contrastive', ...(simulated === null ? [] : ['simulated'])],
    configs,
  });
}

/** Says that no language model wrote the plans. */
export function simulatedNotice(law: string): string {
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

/** The campaign's texts with their licences. */
export function licenceTable({ chapters }: Pick<CampaignRecord, 'chapters'>): string {
  return markdownTable(['text', 'licence'], [...new Map(chapters.map(({ title, licence }) => [title, licence ?? 'not recorded']))]);
}

/** A table whose cells are one line each. */
export function markdownTable(head: [string, string], rows: readonly (readonly [string, string | number])[]): string {
  const cell = (text: string | number) => String(text).replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
  return [head, ['---', '---'] as const, ...rows].map(([a, b]) => `| ${cell(a)} | ${cell(b)} |`).join('\n');
}
