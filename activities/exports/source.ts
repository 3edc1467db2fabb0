import { openArrow } from '../../infra/arrow/reader.ts';
import { UsageError } from '../../infra/usage-error.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import type { FileEntry, Manifest, Merged } from '../../schemas/manifest.ts';
import type { Plan } from '../../schemas/plan.ts';
import { CampaignRecord } from '../../schemas/records.ts';
import { DataRow, SituationRow } from '../../schemas/rows.ts';
import { CorruptData } from '../failures.ts';
import type { QuotedText } from '../shards/card.ts';
import { manifestIn, type VerifySource } from '../shards/verify-source.ts';
import { SPLITS } from '../../schemas/campaign.ts';

/** A version as an export reads it: all of its row but `nodes`, which `plan` says too. */
export interface ExportedVersion {
  row: Omit<DataRow, 'nodes'>;
  plan: Plan;
}

/** A situation with the versions of its plan, sorted by (branch, revision); none where it was not drafted. */
export interface Story {
  situation: SituationRow;
  versions: ExportedVersion[];
}

/** One generation of a dataset. */
export interface ExportSource {
  manifest: Manifest;
  /** Texts that critiques quote. */
  texts: readonly QuotedText[];
  /** What the situations were made with, by situation index. */
  campaign: (index: number) => Pick<CampaignRecord, 'agents'> & { tolerance: number };
  /** Every situation that has ended, page by page; one page's rows are in memory at a time. */
  stories: () => AsyncGenerator<Story>;
}

const VERSION_COLUMNS = Object.keys(DataRow.shape).filter((name) => name !== 'nodes');
const SITUATION_COLUMNS = Object.keys(SituationRow.shape);

/**
 * Opens one generation, by default the last, by its manifest. `name` says in messages what is opened.
 * @throws UsageError where it holds no such generation. CorruptData where manifest or campaign cannot be read; so do the stories for a
 * file that is missing or whose bytes are not those that the manifest names.
 */
export async function openSource(source: VerifySource, name: string, generation?: number): Promise<ExportSource> {
  const manifest = await readGeneration(source, name, generation);
  return { manifest, ...(manifest.merged === undefined ? ofCampaign(await readCampaign(source, manifest)) : ofMerged(manifest.merged)), stories: () => stories(source, manifest) };
}

function ofCampaign({ agents, actor: { tolerance }, chapters }: CampaignRecord): Pick<ExportSource, 'texts' | 'campaign'> {
  return { texts: chapters, campaign: () => ({ agents, tolerance }) };
}

function ofMerged({ sources, agents, texts }: Merged): Pick<ExportSource, 'texts' | 'campaign'> {
  const campaign = (index: number) => {
    const found = sources.find(({ from, to }) => from <= index && index < to);
    if (found === undefined) throw new CorruptData(`situation ${index}: of no source that the manifest names`);
    return { agents, tolerance: found.tolerance };
  };
  return { texts, campaign };
}

async function readGeneration(source: VerifySource, name: string, generation: number | undefined): Promise<Manifest> {
  const manifest = await manifestIn(source, generation);
  if (manifest === null) throw new UsageError(`NAME|DIR: ${name} has no ${generation === undefined ? 'published generation' : `generation ${generation}`}`);
  if (generation !== undefined && manifest.generation !== generation) throw new UsageError(`--generation: ${name} holds generation ${manifest.generation}, not ${generation}`);
  return manifest;
}

async function readCampaign(source: VerifySource, { fingerprint, generation }: Manifest): Promise<CampaignRecord> {
  const bytes = await source.read('campaign.json');
  if (bytes === null) throw new CorruptData('campaign.json is missing: prompts are made from the agents in it');
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new CorruptData('campaign.json: is not JSON', { cause });
  }
  const { data, error } = CampaignRecord.safeParse(json);
  if (data === undefined) throw new CorruptData(`campaign.json: ${error.issues[0]?.path.join('.') ?? ''}: ${error.issues[0]?.message ?? ''}`);
  if (data.fingerprint !== fingerprint) throw new CorruptData(`campaign.json: fingerprint is ${data.fingerprint}, the manifest of generation ${generation} says ${fingerprint}`);
  return data;
}

async function* stories(source: VerifySource, { pages }: Manifest): AsyncGenerator<Story> {
  for (const { files } of pages) {
    for (const split of SPLITS) {
      const of = (kind: FileEntry['kind']) => files.filter((file) => file.kind === kind && file.split === split);
      const versions = new Map<number, ExportedVersion[]>();
      for (const file of of('data')) {
        for (const [i, row] of (await readRows<ExportedVersion['row']>(source, file, VERSION_COLUMNS)).entries()) {
          const version = { row, plan: parsePlan(row.plan_json, `${file.key} row ${i}`) };
          const known = versions.get(row.situation_index);
          if (known === undefined) versions.set(row.situation_index, [version]);
          else known.push(version);
        }
      }
      for (const file of of('situations')) {
        for (const situation of await readRows<SituationRow>(source, file, SITUATION_COLUMNS)) {
          const own = versions.get(situation.situation_index) ?? [];
          if (own.length !== situation.versions) throw new CorruptData(`${file.key}: says ${situation.versions} versions of situation ${situation.situation_index}, the data files have ${own.length}`);
          yield { situation, versions: own };
          versions.delete(situation.situation_index);
        }
      }
      for (const index of versions.keys()) throw new CorruptData(`the data files have versions of situation ${index}, which no situations file lists`);
    }
  }
}

async function readRows<Row>(source: VerifySource, { key, sha256, bytes: declared, rows: count }: FileEntry, columns: readonly string[]): Promise<Row[]> {
  const bytes = await source.read(key);
  if (bytes === null) throw new CorruptData(`${key}: is missing`);
  if (bytes.length !== declared) throw new CorruptData(`${key}: has ${bytes.length} bytes, the manifest says ${declared}`);
  const found = sha256Hex(bytes);
  if (found !== sha256) throw new CorruptData(`${key}: sha256 is ${found}, the manifest says ${sha256}`);
  const { schema, rows } = await openArrow<Row>(bytes, columns).catch((cause: unknown) => {
    throw new CorruptData(`${key}: cannot be read as an Arrow file: ${String(cause)}`, { cause });
  });
  const lacks = columns.find((column) => !schema.names.includes(column));
  if (lacks !== undefined) throw new CorruptData(`${key}: has no column ${lacks}`);
  if (rows.length !== count) throw new CorruptData(`${key}: has ${rows.length} rows, the manifest says ${count}`);
  return rows;
}

function parsePlan(json: string, at: string): Plan {
  try {
    return JSON.parse(json) as Plan;
  } catch (cause) {
    throw new CorruptData(`${at}: plan_json is not JSON`, { cause });
  }
}
