import { openBatches, type Batch } from '../../infra/arrow/batches.ts';
import { SCHEMA_VERSION_KEY } from '../../schemas/arrow.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import { SCHEMA_VERSION, type FileEntry, type Manifest } from '../../schemas/manifest.ts';
import { CampaignRecord } from '../../schemas/records.ts';
import { CorruptData } from '../failures.ts';
import { campaignRules, mergedRules, type Rules } from '../shards/rules.ts';
import { manifestIn, type VerifySource } from '../shards/verify-source.ts';

/** The user asked for what is not there, in one line. */
export class NoSuchGeneration extends Error {
  override name = 'UsageError';
}

/** One generation, read a record batch at a time. */
export class Dataset {
  readonly manifest: Manifest;
  readonly #source: VerifySource;

  private constructor(manifest: Manifest, source: VerifySource) {
    this.manifest = manifest;
    this.#source = source;
  }

  /** Opens a generation, by default the last. `where` names the dataset in messages. Throws CorruptData for a manifest that cannot be read. */
  static async open(source: VerifySource, where: string, generation?: number): Promise<Dataset> {
    const manifest = await manifestIn(source, generation, `${where}: `);
    if (manifest === null) throw new NoSuchGeneration(`${where}: has no ${generation === undefined ? 'published generation' : `generation ${generation}`}`);
    if (generation !== undefined && manifest.generation !== generation) throw new NoSuchGeneration(`${where}: holds generation ${manifest.generation}, not ${generation}`);
    return new Dataset(manifest, source);
  }

  /** What the versions were judged by. Throws CorruptData where `campaign.json` is missing. */
  async rules(): Promise<Rules> {
    if (this.manifest.merged !== undefined) return mergedRules(this.manifest.merged);
    const bytes = await this.#source.read('campaign.json');
    if (bytes === null) throw new CorruptData('campaign.json: is missing');
    try {
      return campaignRules(CampaignRecord.parse(JSON.parse(new TextDecoder().decode(bytes))));
    } catch (cause) {
      throw new CorruptData('campaign.json: cannot be read', { cause });
    }
  }

  /** Record batches of one kind of files, in order, with no other columns unpacked. Throws CorruptData for a file that is not what the manifest says. */
  async *batches<Row>(kind: FileEntry['kind'], columns: readonly (keyof Row & string)[]): AsyncGenerator<Batch<Row>> {
    for (const file of this.manifest.pages.flatMap((page) => page.files)) {
      if (file.kind !== kind) continue;
      const bytes = await this.#read(file);
      try {
        const { schema, batches } = await openBatches<Row>(bytes, columns);
        const version = schema.metadata.get(SCHEMA_VERSION_KEY);
        if (Number(version) > SCHEMA_VERSION) throw new Error(`its schema version is ${version}, and this program reads up to ${SCHEMA_VERSION}: update it`);
        yield* batches();
      } catch (error) {
        throw error instanceof CorruptData ? error : new CorruptData(`${file.key}: cannot be read: ${(error as Error).message}`, { cause: error });
      }
    }
  }

  async #read({ key, sha256 }: FileEntry): Promise<Uint8Array> {
    const bytes = await this.#source.read(key);
    if (bytes === null) throw new CorruptData(`${key}: is missing`);
    const found = sha256Hex(bytes);
    if (found !== sha256) throw new CorruptData(`${key}: has ${bytes.length} bytes and the sha256 ${found}, the manifest says ${sha256}; \`exemplar verify\` names every fault`);
    return bytes;
  }
}
