import { describe, expect, it } from 'vitest';
import { openArrow, readArrow } from '../../../infra/arrow/reader.ts';
import { pairsOf } from '../../../activities/shards/page-files.ts';
import { canonicalJson, sha256Hex } from '../../../schemas/canonical.ts';
import { DATA_SCHEMA } from '../../../schemas/arrow.ts';
import { datasetPrefix } from '../../../schemas/keys.ts';
import type { FileEntry, PageSeal } from '../../../schemas/manifest.ts';
import type { DataRow, LedgerRow, SituationRow } from '../../../schemas/rows.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { campaignRecord, explanation, finding, NAME, plan, sealStory, situation, tellStory } from './dataset.ts';
import { asJson, testPython, throughPyarrow } from './pyarrow.ts';

async function sealed(changes = {}) {
  const store = new MemoryStore();
  const campaign = await campaignRecord(changes);
  const seals = await sealStory(store, campaign, tellStory(store));
  return { store, campaign, seals };
}

const bytesOf = (store: MemoryStore, file: FileEntry) => store.objects.get(`${datasetPrefix(NAME)}${file.key}`) as Uint8Array;

async function rowsOf<Row>(store: MemoryStore, seals: PageSeal[], kind: FileEntry['kind']): Promise<Row[]> {
  const files = seals.flatMap((seal) => seal.files).filter((file) => file.kind === kind);
  return (await Promise.all(files.map((file) => readArrow<Row>(bytesOf(store, file))))).flat();
}

describe('sealPage', () => {
  it('counts every situation of the page, those without an outcome as waiting', async () => {
    const { seals } = await sealed();
    expect(seals.map(({ page, situations, outcomes }) => ({ page, situations, outcomes }))).toEqual([
      { page: 0, situations: 4, outcomes: { converged: 2, unconverged: 1, refused: 1, failed: 0, 'over-budget': 0, waiting: 0 } },
      { page: 1, situations: 3, outcomes: { converged: 1, unconverged: 0, refused: 0, failed: 1, 'over-budget': 0, waiting: 1 } },
    ]);
  });

  it('names each file by kind, split, page and hash, and writes none without rows but the ledger', async () => {
    const { store, seals } = await sealed();
    for (const file of seals.flatMap((seal) => seal.files)) {
      const bytes = bytesOf(store, file);
      expect(file.sha256).toBe(sha256Hex(bytes));
      expect(file.bytes).toBe(bytes.length);
      expect((await readArrow(bytes)).length).toBe(file.rows);
      const split = file.split === null ? '' : `${file.split}-`;
      expect(file.key).toBe(`${file.kind}/${split}0000${file.page}-${file.sha256.slice(0, 12)}.arrow`);
      if (file.kind !== 'ledger') expect(file.rows).toBeGreaterThan(0);
    }
    expect(seals.map((seal) => seal.files.filter(({ kind }) => kind === 'ledger').length)).toEqual([1, 1]);
  });

  it('gives every situation with an outcome one row, that of its last try', async () => {
    const { store, seals } = await sealed();
    const rows = await rowsOf<SituationRow>(store, seals, 'situations');
    expect(rows.map((row) => `${row.situation_index} ${row.outcome} ${row.versions} ${row.reopened}`).sort()).toEqual([
      '0 converged 7 0',
      '1 converged 4 1',
      '2 unconverged 2 0',
      '3 refused 0 0',
      '4 failed 0 0',
      '6 converged 1 0',
    ]);
    const family = rows.filter((row) => row.situation_index === 0 || row.situation_index === 6);
    expect(new Set(family.map((row) => row.split)).size).toBe(1);
    expect(family.map((row) => row.parent_id)).toEqual([null, situation(0).id]);
    expect(rows[0]?.horizon).toBe('minutes/hours');
  });

  it('fills every column of a version', async () => {
    const { store, seals } = await sealed();
    const rows = (await rowsOf<DataRow>(store, seals, 'data')).filter((row) => row.situation_index === 0);
    const first = situation(0);
    const state = { kind: 'state', level: 'hours', parent: '', success: null, duration_s: null, moral_cost: null };
    expect(rows.at(-1)).toEqual({
      situation_id: first.id,
      situation_index: 0,
      task: 'plan',
      campaign: NAME,
      split: rows[0]?.split,
      agent: 'rover',
      level: 'hours',
      parent_id: null,
      root_id: first.id,
      branch: 'main',
      revision: 2,
      revisions: 3,
      is_final: true,
      label: 'positive',
      stance: 'pursue',
      initial_state: 'start',
      target_state: 'goal',
      plan_json: canonicalJson(plan('go slowly', 0.81)),
      plan_text: [
        'stance: pursue',
        's0 [hours] start',
        'n1 [hours] -> go slowly (success 0.81, 600 s, energy 3 Wh, moral cost 0.1 on residents: noise, moral cost 0.2 on birds: noise)',
        'g [hours] goal',
      ].join('\n'),
      nodes: [
        { ...state, id: 's0', order: 0, text: 'start' },
        { ...state, id: 'n1', kind: 'action', order: 1, text: 'go slowly', success: 0.81, duration_s: 600, moral_cost: 0.1 + 0.2 },
        { ...state, id: 'g', order: 2, text: 'goal' },
      ],
      explanation: canonicalJson(explanation('p2.t1.revise')),
      alternative_explanations: [canonicalJson(explanation('a1.explain')), canonicalJson(explanation('a2.explain'))],
      critique: canonicalJson([finding]),
      textbook: 'ethics',
      chapter: 'Harm',
      edits: '[]',
      kept_share: 1,
      distance_to_previous: 0,
      distance_to_final: 0,
      log_reward: -9,
      prompt_chars: 100,
      output_chars: 50,
      model: 'sim-1',
    });
    const draft = rows.find((row) => row.branch === 'main' && row.revision === 0);
    expect(draft).toMatchObject({ label: 'negative', distance_to_final: 1, distance_to_previous: 0, critique: null, textbook: null, alternative_explanations: [] });
    const strayed = rows.find((row) => row.branch === 'a2' && row.revision === 5);
    expect(strayed).toMatchObject({ label: 'equivalent', distance_to_final: 0, distance_to_previous: 1 });
  });

  it('says no reward where no world knows one', async () => {
    const { store, seals } = await sealed();
    const rows = await rowsOf<DataRow>(store, seals, 'data');
    expect(rows.filter((row) => row.log_reward === null).map((row) => row.situation_index)).toEqual([2, 2]);
  });

  it('sums calls and money to what the ledger says', async () => {
    const { store, seals } = await sealed();
    const ledger = await rowsOf<LedgerRow>(store, seals, 'ledger');
    // situations 0 to 3: 8 + 4 + 2 + 1 answers of 1,000 nano-dollars, 3 lost calls booked at 1,000 in all; 6: draft and critique
    expect(seals.map(({ calls, nanoUsd }) => ({ calls, nanoUsd }))).toEqual([
      { calls: 18, nanoUsd: 16_000 },
      { calls: 2, nanoUsd: 2_000 },
    ]);
    expect(ledger.length).toBe(20);
    expect(ledger.reduce((sum, row) => sum + (row.nano_usd ?? 0n), 0n)).toBe(18_000n);
  });

  it('counts the groups and pairs of each data file, branches included', async () => {
    const { seals } = await sealed();
    const counted = seals.flatMap((seal) => seal.files).map(({ kind, split, page, groups, pairs }) => [kind, split, page, groups, pairs]);
    // situation 0 has one negative on the main line and one on a branch, 1 has two, 6 none
    expect(counted.filter(([kind]) => kind === 'data')).toEqual([
      ['data', 'train', 0, 1, 2],
      ['data', 'validation', 0, 1, 2],
      ['data', 'train', 1, 0, 0],
    ]);
    expect(pairsOf([{ label: 'negative' }])).toBe(0);
    expect(counted.filter(([kind]) => kind !== 'data').every(([, , , groups, pairs]) => groups === undefined && pairs === undefined)).toBe(true);
  });

  it('writes the same bytes again, and in another store', async () => {
    const { store, campaign, seals } = await sealed();
    const before = new Map(store.objects);
    expect(await sealStory(store, campaign, tellStory(store))).toEqual(seals);
    expect(store.objects).toEqual(before);
    expect((await sealed()).seals).toEqual(seals);
  });

  it.skipIf(testPython === null)('writes files that pyarrow reads equal, and reads what pyarrow writes (needs the Python environment)', async () => {
    const { store, seals } = await sealed();
    for (const file of seals.flatMap((seal) => seal.files)) {
      const rows = await readArrow(bytesOf(store, file));
      const { view, rewritten } = await throughPyarrow(bytesOf(store, file));
      expect(view.rows).toEqual(asJson(rows));
      expect(view.metadata).toEqual({ 'exemplar.schema_version': '1' });
      const again = await openArrow(rewritten);
      expect(again.rows).toEqual(rows);
      if (file.kind === 'data') expect(again.schema.fields.map(String)).toEqual(DATA_SCHEMA.fields.map(String));
    }
  });

  it('refuses to go on with another writer or codec, naming both', async () => {
    await expect(sealed({ writer: { version: 'exemplar-arrow/0', codec: 'none' } })).rejects.toThrow(
      /^campaign "hand-made" was begun with the writer exemplar-arrow\/0, and this program has exemplar-arrow\/\d/,
    );
    const { writer } = await campaignRecord();
    await expect(sealed({ writer: { ...writer, codec: 'zstd/1.0.0 level 3' } })).rejects.toThrow(/the codec zstd\/1\.0\.0 level 3, and this program has zstd/);
  });

  it('refuses a file under its name that holds other bytes', async () => {
    const { store, campaign, seals } = await sealed();
    const file = seals[0]?.files[0] as FileEntry;
    store.objects.set(`${datasetPrefix(NAME)}${file.key}`, new Uint8Array([1, 2, 3]));
    await expect(sealStory(store, campaign, tellStory(store))).rejects.toThrow(`${file.key} in memory holds other bytes than its name says`);
  });
});
