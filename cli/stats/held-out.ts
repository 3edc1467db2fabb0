import { existsSync, statSync } from 'node:fs';
import { Dataset } from '../../activities/curation/dataset.ts';
import { shingled, type SituationText } from '../../activities/curation/decontaminate.ts';
import type { Shingled } from '../../activities/curation/near-duplicates.ts';
import type { VerifySource } from '../../activities/shards/verify-source.ts';
import { readSituationFile } from '../../infra/situations-file.ts';
import { UsageError } from '../../infra/usage-error.ts';
import { SPLITS, type Split } from '../../schemas/campaign.ts';
import { contentHash } from '../../schemas/canonical.ts';
import type { DataRow } from '../../schemas/rows.ts';
import { datasetSource } from '../dataset-source.ts';

/** No campaign has such a name. */
const FILE_NAME = /\.[a-z]+$/;
const COLUMNS = ['situation_id', 'is_final', 'split', 'initial_state', 'target_state'] as const satisfies (keyof DataRow)[];

/**
 * The situations that `FILE|NAME|DIR[:split]` names: of a file as `situations: { from: file }` takes it, or of a dataset, all of them or
 * one split. Those of a dataset that have no version are not among them. `option` is what messages name.
 * @throws UsageError where there are none.
 */
export async function readHeldOut(option: string, named: string): Promise<SituationText[]> {
  if (existsSync(named) && statSync(named).isFile()) {
    return (await readSituationFile(option, named)).map((situation) => ({ situation_id: contentHash(situation), initial: situation.initial, target: situation.target }));
  }
  if (FILE_NAME.test(named) && !existsSync(named)) throw new UsageError(`${option}: no such file: ${named}`);
  const { place, split } = parsed(option, named);
  const dataset = await Dataset.open(await datasetSource(place), place);
  const found = await situationsOf(dataset, split === null ? SPLITS : [split]);
  if (found.length === 0) throw new UsageError(`${option}: ${named} holds no situation with a plan`);
  return found;
}

/** The situations of a dataset's own validation and test splits that have a version. */
export async function readHeldOutSplits(source: VerifySource, where: string, generation: number | undefined): Promise<SituationText[]> {
  return await situationsOf(await Dataset.open(source, where, generation), ['validation', 'test']);
}

async function situationsOf(dataset: Dataset, splits: readonly Split[]): Promise<SituationText[]> {
  const found: SituationText[] = [];
  for await (const batch of dataset.batches<DataRow>('data', COLUMNS)) {
    for (const row of batch.rows(COLUMNS)) {
      if (row.is_final && splits.includes(row.split)) found.push({ situation_id: row.situation_id, initial: row.initial_state, target: row.target_state });
    }
  }
  return found;
}

/** The same by their runs of words. */
export async function readHeldOutShingles(option: string, named: string): Promise<Shingled[]> {
  return [...shingled(await readHeldOut(option, named))];
}

function parsed(option: string, named: string): { place: string; split: Split | null } {
  const colon = named.lastIndexOf(':');
  if (colon < 0 || existsSync(named)) return { place: named, split: null };
  const [place, split] = [named.slice(0, colon), named.slice(colon + 1)];
  const known = SPLITS.find((each) => each === split);
  if (known === undefined) throw new UsageError(`${option}: there is no split "${split}"; allowed: ${SPLITS.join(', ')}`);
  return { place, split: known };
}
