import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Dataset } from '../../../activities/curation/dataset.ts';
import { shingled, type SituationText } from '../../../activities/curation/decontaminate.ts';
import { exportDataset } from '../../../activities/exports/export.ts';
import { decontaminating } from '../../../activities/exports/filters.ts';
import { completeOptions } from '../../../activities/exports/options.ts';
import { folderSource } from '../../../activities/shards/verify-source.ts';
import { packageRoot } from '../../../infra/package-root.ts';
import type { DataRow } from '../../../schemas/rows.ts';

const PULLED = join(packageRoot, 'test/golden/exported');
const COLUMNS = ['situation_id', 'split', 'label', 'initial_state', 'target_state'] as const satisfies (keyof DataRow)[];

let out: string;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'exemplar-decontaminated-'));
});
afterEach(() => rm(out, { recursive: true }));

/** The situations of the converged plans of a split. */
async function situations(split: DataRow['split']): Promise<SituationText[]> {
  const found: SituationText[] = [];
  for await (const batch of (await Dataset.open(folderSource(PULLED), 'pulled')).batches<DataRow>('data', COLUMNS)) {
    for (const row of batch.rows(COLUMNS)) if (row.split === split && row.label === 'positive') found.push({ situation_id: row.situation_id, initial: row.initial_state, target: row.target_state });
  }
  return found;
}

const exported = (heldOut: SituationText[]) =>
  exportDataset({ source: folderSource(PULLED), name: 'pulled', folder: out, options: completeOptions({ view: 'sft' }), filters: [decontaminating([...shingled(heldOut)])] });

test('training situations that resemble a held-out one are left out and counted; held-out splits stay as they are', async () => {
  const [training, validation] = [await situations('train'), await situations('validation')];
  const [first, second] = training as [SituationText, SituationText];
  const changed = { ...second, situation_id: 'another', initial: `${second.initial} It is raining.` };
  const { situations: fates, rows } = await exported([first, changed, ...validation]);
  expect(fates.dropped['contaminated']).toBe(2);
  expect(rows.splits).toMatchObject({ train: training.length - 2, validation: validation.length });
});

test('situations that are told otherwise stay', async () => {
  const { situations: fates } = await exported([{ situation_id: 'other', initial: 'The harbour crane lifts containers from a ship that has to leave with the tide.', target: null }]);
  expect(fates.dropped).not.toHaveProperty('contaminated');
});
