import { Schema } from 'apache-arrow';
import { arrowSchema } from '../../schemas/arrow.ts';
import { SPLITS } from '../../schemas/campaign.ts';
import type { ExportOptions } from '../../schemas/exports.ts';
import type { Manifest } from '../../schemas/manifest.ts';
import type { VerifySource } from '../shards/verify-source.ts';
import { exportCard } from './card.ts';
import { completionText } from './completion.ts';
import type { Exported } from './exported.ts';
import { refusal, type StoryFilter } from './filters.ts';
import { OutputFolder } from './folder.ts';
import { promptText } from './prompt.ts';
import { openSource, type ExportedVersion, type ExportSource, type Story } from './source.ts';
import { SplitFiles, type ExportedFile } from './split-files.ts';
import { Tally, type Counts } from './tally.ts';
import { VIEW } from './views/index.ts';
import type { Scene, Told } from './views/view.ts';

/** Characters of text in a file, roughly: few enough to hold three splits' at once, enough that files are not many. */
const FILE_CHARS = 32_000_000;

export interface ExportRequest {
  source: VerifySource;
  /** What the source is called in messages. */
  name: string;
  /** By default the last. */
  generation?: number;
  folder: string;
  options: ExportOptions;
  filters?: readonly StoryFilter[];
  /** Files of another size; characters. */
  fileChars?: number;
}

/**
 * Exports one generation of a dataset into an empty or new folder, laid out as Hugging Face's datasets expect it. Rows keep the splits of
 * the source and the order of its manifest. Equal source and options give equal bytes. A failed export leaves nothing behind.
 * @throws UsageError for a source or folder that will not do, CorruptData where the source is damaged.
 */
export async function exportDataset({ source, name, generation, folder: path, options, filters = [], fileChars = FILE_CHARS }: ExportRequest): Promise<Exported> {
  const dataset = await openSource(source, name, generation);
  const folder = await OutputFolder.begin(path);
  try {
    const view = VIEW[options.view];
    const tally = new Tally();
    const schema = new Schema(arrowSchema(view.shape(options.style)).fields);
    const splits = new Map(SPLITS.map((split) => [split, new SplitFiles(folder, split, schema, options, fileChars)]));
    for await (const story of dataset.stories()) {
      for (const row of tell(story, dataset, options, filters, tally)) await (splits.get(story.situation.split) as SplitFiles).add(row);
    }
    const files: ExportedFile[] = [];
    for (const split of splits.values()) files.push(...(await split.finish()));
    const exported = summary(dataset.manifest, options, tally.counts(dataset.manifest), files);
    await folder.finish({ 'README.md': exportCard(dataset, schema, exported), 'export.json': `${JSON.stringify(exported, null, 2)}\n` });
    return exported;
  } catch (error) {
    await folder.abandon();
    throw error;
  }
}

function tell(story: Story, { campaign }: ExportSource, options: ExportOptions, filters: readonly StoryFilter[], tally: Tally): object[] {
  const { situation, versions } = story;
  const positive = versions.find(({ row }) => row.label === 'positive');
  if (positive === undefined) {
    tally.dropped(story, situation.outcome);
    return [];
  }
  const reason = refusal(filters, story);
  if (reason !== null) {
    tally.dropped(story, reason);
    return [];
  }
  const { agents, tolerance } = campaign(situation.situation_index);
  const texts = new Map<ExportedVersion, string>();
  const scene: Scene = {
    options,
    tolerance,
    prompt: promptText(agents[situation.agent], situation, positive, options),
    completion: (version) => {
      const text = texts.get(version) ?? completionText(version, options);
      texts.set(version, text);
      return text;
    },
  };
  const told: Told = { situation, positive, versions: options.branch === 'all' ? versions : versions.filter(({ row }) => row.branch === 'main') };
  return tally.told(story, VIEW[options.view].candidates(told, scene), options.branch);
}

function summary({ campaign, generation, fingerprint, simulated, model }: Manifest, options: ExportOptions, counts: Counts, files: ExportedFile[]): Exported {
  return { campaign, generation, fingerprint, simulated, model, options, ...counts, files };
}
