import { Schema } from 'apache-arrow';
import { arrowSchema } from '../../schemas/arrow.ts';
import { SPLITS, type Split } from '../../schemas/campaign.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import type { Manifest } from '../../schemas/manifest.ts';
import type { VerifySource } from '../shards/verify-source.ts';
import { exportCard } from './card.ts';
import { completionText } from './completion.ts';
import { refusal, type StoryFilter } from './filters.ts';
import { OutputFolder } from './folder.ts';
import { FORMAT } from './formats.ts';
import type { ExportOptions } from '../../schemas/exports.ts';
import { promptText } from './prompt.ts';
import { openSource, type ExportedVersion, type ExportSource, type Story } from './source.ts';
import { Tally, type Counts } from './tally.ts';
import { VIEW } from './views/index.ts';
import type { Scene, Told } from './views/view.ts';

/** Characters of text in a file, roughly: few enough to hold three splits' at once, enough that files are not many. */
const FILE_CHARS = 32_000_000;

export interface ExportedFile {
  /** Relative to the folder. */
  path: string;
  split: Split;
  rows: number;
  bytes: number;
  sha256: string;
}

/** What `export.json` holds, and `--json` prints. */
export interface Exported extends Counts {
  campaign: string;
  generation: number;
  fingerprint: string;
  /** Law hash where the model was simulated, else null. */
  simulated: string | null;
  model: string;
  options: ExportOptions;
  files: ExportedFile[];
}

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

/** The files of one split, each written when it is full. A split without rows is one file with the columns alone. */
class SplitFiles {
  readonly #folder: OutputFolder;
  readonly #split: Split;
  readonly #schema: Schema;
  readonly #options: ExportOptions;
  readonly #fileChars: number;
  readonly #files: Omit<ExportedFile, 'path'>[] = [];
  #rows: object[] = [];
  #chars = 0;

  constructor(folder: OutputFolder, split: Split, schema: Schema, options: ExportOptions, fileChars: number) {
    this.#folder = folder;
    this.#split = split;
    this.#schema = schema;
    this.#options = options;
    this.#fileChars = fileChars;
  }

  async add(row: object): Promise<void> {
    this.#rows.push(row);
    this.#chars += charsOf(row);
    if (this.#chars >= this.#fileChars) await this.#flush();
  }

  /** How many files there are is known only now: each gets its name. */
  async finish(): Promise<ExportedFile[]> {
    if (this.#rows.length > 0 || this.#files.length === 0) await this.#flush();
    const files: ExportedFile[] = [];
    for (const [i, file] of this.#files.entries()) {
      const name = `${this.#split}-${padded(i)}-of-${padded(this.#files.length)}.${this.#options.format}`;
      await this.#folder.rename(this.#name(i), name);
      files.push({ path: `data/${name}`, ...file });
    }
    return files;
  }

  async #flush(): Promise<void> {
    const bytes = await FORMAT[this.#options.format].encode(this.#schema, this.#rows);
    await this.#folder.write(this.#name(this.#files.length), bytes);
    this.#files.push({ split: this.#split, rows: this.#rows.length, bytes: bytes.length, sha256: sha256Hex(bytes) });
    this.#rows = [];
    this.#chars = 0;
  }

  #name(i: number): string {
    return `${this.#split}-${padded(i)}`;
  }
}

function padded(n: number): string {
  return String(n).padStart(5, '0');
}

/** Characters of the strings in a row, however deep. */
function charsOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  return Object.values(value).reduce<number>((sum, each) => sum + charsOf(each), 0);
}
