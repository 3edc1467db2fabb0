import { tableFromIPC, tableToIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { publish } from '../../../activities/shards/manifest.ts';
import { verify } from '../../../activities/shards/verify.ts';
import { storeSource } from '../../../activities/shards/verify-source.ts';
import { SCHEMA_VERSION_KEY } from '../../../schemas/arrow.ts';
import { canonicalJson, sha256Hex } from '../../../schemas/canonical.ts';
import { campaignKey, explainedKey } from '../../../schemas/keys.ts';
import { SCHEMA_VERSION, type FileEntry, type PageSeal } from '../../../schemas/manifest.ts';
import type { ExplainedRecord } from '../../../schemas/records.ts';
import { DataRow, type LedgerRow, type SituationRow } from '../../../schemas/rows.ts';
import { NAME, plan, publishedDataset } from './dataset.ts';
import { Forgery } from './tamper.ts';

async function faults(forgery: Forgery): Promise<string[]> {
  return (await verify(storeSource(forgery.store, NAME))).faults;
}

/** Rewrites the rows of situation 0's data file. */
async function forged(change: (rows: DataRow[]) => DataRow[]): Promise<{ found: string[]; file: string }> {
  const forgery = await Forgery.begin();
  const file = await forgery.fileOf('data', 0);
  await forgery.rewrite<DataRow>(file, change);
  return { found: await faults(forgery), file: file.key };
}
/** Changes row `n` of that file. Rows 0 to 6 are a1.3, a2.3, a2.4 (negative), a2.5, main.0 (negative), main.1 and main.2 (positive). */
const altered = (n: number, change: Partial<DataRow>) => forged((rows) => rows.map((row, i) => (i === n ? { ...row, ...change } : row)));

describe('verify', () => {
  it('finds nothing in a dataset as it was sealed, after a good number of checks', async () => {
    const { store, manifest } = await publishedDataset();
    const { checks, faults: none } = await verify(storeSource(store, NAME));
    expect(none).toEqual([]);
    expect(checks).toBeGreaterThan(300);
    expect(new Set(manifest.pages.flatMap((page) => page.files).map((file) => file.split))).toEqual(new Set(['train', 'validation', 'test', null]));
  });

  it('accepts older generations beside the last', async () => {
    const { store, campaign, manifest } = await publishedDataset();
    const emptied: PageSeal = { ...(manifest.pages[1] as PageSeal), settings: 1, files: [], calls: 0, nanoUsd: 0, outcomes: { converged: 0, unconverged: 0, refused: 0, failed: 0, 'over-budget': 0, waiting: 3 } };
    await publish(store, campaign, campaign.listing, [emptied]);
    expect((await verify(storeSource(store, NAME))).faults).toEqual([]);
    const gone = (manifest.pages[1] as PageSeal).files[0] as FileEntry;
    store.objects.delete(`datasets/${NAME}/${gone.key}`);
    expect((await verify(storeSource(store, NAME))).faults).toEqual([`${gone.key}: is missing`]);
  });
});

describe('verify names a file', () => {
  it('with a flipped byte', async () => {
    const forgery = await Forgery.begin();
    for (const file of forgery.manifest.pages.flatMap((page) => page.files)) {
      const bytes = forgery.store.objects.get(forgery.key(file)) as Uint8Array;
      const flipped = bytes.slice();
      flipped[200] = (flipped[200] as number) ^ 1;
      forgery.store.objects.set(forgery.key(file), flipped);
      expect((await faults(forgery))[0]).toBe(`${file.key}: sha256 is ${sha256Hex(flipped)}, the manifest says ${file.sha256}`);
      forgery.store.objects.set(forgery.key(file), bytes);
    }
  });

  it('that is missing', async () => {
    const forgery = await Forgery.begin();
    const file = await forgery.fileOf('data', 0);
    forgery.store.objects.delete(forgery.key(file));
    expect(await faults(forgery)).toContain(`${file.key}: is missing`);
  });

  it('that is cut short', async () => {
    const forgery = await Forgery.begin();
    const file = await forgery.fileOf('data', 0);
    forgery.store.objects.set(forgery.key(file), (forgery.store.objects.get(forgery.key(file)) as Uint8Array).slice(0, 100));
    expect(await faults(forgery)).toContain(`${file.key}: has 100 bytes, the manifest says ${file.bytes}`);
  });

  it.each(['data/train-00009-0123456789ab.arrow', 'situations/left-over.txt', 'ledger/x.part'])('that no manifest names: %s', async (name) => {
    const forgery = await Forgery.begin();
    await forgery.store.put(`datasets/${NAME}/${name}`, 'x');
    expect(await faults(forgery)).toEqual([`${name}: no manifest names this file`]);
  });

  it('that is no Arrow file, though its hash is right', async () => {
    const forgery = await Forgery.begin();
    const file = await forgery.fileOf('data', 0);
    const bytes = new TextEncoder().encode('no arrow');
    Object.assign(file, { bytes: bytes.length, sha256: sha256Hex(bytes) });
    forgery.store.objects.set(forgery.key(file), bytes);
    forgery.saveManifest();
    expect(await faults(forgery)).toContainEqual(expect.stringContaining(`${file.key}: cannot be read as an Arrow file`));
  });

  it('of a newer schema version, and says what to do', async () => {
    const forgery = await Forgery.begin();
    const file = await forgery.fileOf('data', 0);
    const table = tableFromIPC(forgery.store.objects.get(forgery.key(file)) as Uint8Array);
    table.schema.metadata.set(SCHEMA_VERSION_KEY, String(SCHEMA_VERSION + 1));
    const bytes = tableToIPC(table, 'file');
    Object.assign(file, { bytes: bytes.length, sha256: sha256Hex(bytes) });
    forgery.store.objects.set(forgery.key(file), bytes);
    forgery.saveManifest();
    expect(await faults(forgery)).toContain(`${file.key}: its schema version is ${SCHEMA_VERSION + 1}, and this program reads up to ${SCHEMA_VERSION}: update it`);
  });

  it('whose columns are not those of the schema version', async () => {
    const forgery = await Forgery.begin();
    const file = await forgery.fileOf('data', 0);
    await forgery.rewrite(file, (rows) => rows, z.strictObject({ ...DataRow.shape, revision: z.number() }));
    expect(await faults(forgery)).toContainEqual(expect.stringContaining(`${file.key}: column revision is absent, out of place or of another type`));
  });
});

describe('verify recounts', () => {
  it('rows', async () => {
    const forgery = await Forgery.begin();
    const file = await forgery.fileOf('data', 0);
    file.rows += 1;
    forgery.saveManifest();
    expect(await faults(forgery)).toEqual([`${file.key}: has ${file.rows - 1} rows, the manifest says ${file.rows}`]);
  });

  it('outcomes of a page and of the whole', async () => {
    const forgery = await Forgery.begin();
    const [page] = forgery.manifest.pages as [PageSeal];
    page.outcomes.converged += 1;
    forgery.manifest.outcomes.converged += 1;
    forgery.saveManifest();
    expect(await faults(forgery)).toEqual(['manifest: the outcomes sum to 8, planned is 7', 'manifest: page 0 says 3 converged, its situations files give 2']);
    page.outcomes.converged -= 1;
    forgery.saveManifest();
    expect(await faults(forgery)).toContain('manifest: outcomes.converged is 4, the pages give 3');
  });

  it('calls and money against the ledger', async () => {
    const forgery = await Forgery.begin();
    const file = (forgery.manifest.pages[0] as PageSeal).files.find(({ kind }) => kind === 'ledger') as FileEntry;
    await forgery.rewrite<LedgerRow>(file, (rows) => rows.slice(1));
    expect(await faults(forgery)).toEqual([
      `${file.key}: has 17 calls, the manifest says 18 for page 0`,
      `${file.key}: sums to 15000 nano-dollars, the manifest says 16000 for page 0`,
    ]);
  });

  it('calls and money of explanations that were asked for beside', async () => {
    const { store, campaign, manifest } = await publishedDataset();
    const record = (run: string, calls: number, nanoUsd: number) => canonicalJson({ schema: 1, run, index: 0, calls, nanoUsd } satisfies ExplainedRecord);
    await store.putIfAbsent(explainedKey(NAME, 0, 'ended', 'end'), record('ended', 2, 500));
    await store.putIfAbsent(explainedKey(NAME, 0, 'open', 'grant'), record('open', 0, 70));
    const next = await publish(store, campaign, campaign.listing, []);
    expect([next.manifest.calls, next.manifest.nanoUsd]).toEqual([manifest.calls + 2, manifest.nanoUsd + 570]);
    expect((await verify(storeSource(store, NAME))).faults).toEqual([]);
    store.objects.delete(explainedKey(NAME, 0, 'ended', 'end'));
    expect((await publish(store, campaign, campaign.listing, [])).manifest.explained).toEqual({ calls: 0, nanoUsd: 70 });
    expect((await verify(storeSource(store, NAME))).faults).toEqual([]);
  });

  it.each(['groups', 'pairs'] as const)('%s of a data file, where the manifest counts them', async (count) => {
    const forgery = await Forgery.begin();
    const file = await forgery.fileOf('data', 0);
    const said = file[count] as number;
    file[count] = said + 1;
    forgery.saveManifest();
    expect(await faults(forgery)).toEqual([`${file.key}: has ${said} ${count}, the manifest says ${said + 1}`]);
    delete file[count];
    forgery.saveManifest();
    expect(await faults(forgery)).toEqual([]);
  });

  it('versions of a situation', async () => {
    const { found, file } = await forged((rows) => rows.filter((_, i) => i !== 2));
    expect(found).toEqual([expect.stringMatching(/^situations\/.* row 0: says 7 versions, its data rows are 6$/)]);
    expect(file).toMatch(/^data\//);
  });
});

describe('verify judges versions again', () => {
  it('and names two positives', async () => {
    const { found, file } = await altered(5, { label: 'positive' });
    expect(found).toContainEqual(expect.stringContaining(`is converged and has 2 positives (${file} row 5, ${file} row 6); it must have 1`));
    expect(found).toContain(`${file} row 5: label is positive, it must be equivalent`);
  });

  it('and names a positive of a situation that did not converge', async () => {
    const forgery = await Forgery.begin();
    const key = await forgery.alter('data', 2, (row) => row.is_final, { label: 'positive' });
    expect(await faults(forgery)).toEqual([
      expect.stringContaining('is unconverged and has 1 positives'),
      expect.stringMatching(new RegExp(`^${key} row \\d+: label is positive, it must be none$`)),
    ]);
  });

  it('and names a converged situation without a positive', async () => {
    const { found } = await altered(6, { label: 'none' });
    expect(found).toContainEqual(expect.stringContaining('is converged and has 0 positives; it must have 1'));
  });

  it('and names a negative that equals its positive', async () => {
    const { found, file } = await altered(5, { label: 'negative' });
    expect(found).toEqual([`${file} row 5: is a negative that equals its positive; label is negative, it must be equivalent`]);
  });

  it('and names a material version that passes for equivalent', async () => {
    const { found, file } = await altered(2, { label: 'equivalent' });
    expect(found).toEqual([`${file} row 2: label is equivalent, it must be negative`]);
  });

  it.each([
    ['that is no JSON', '{', /plan_json: Invalid input/],
    ['that lacks a field', canonicalJson({ ...plan('x'), nextId: undefined }), /plan_json\.nextId: /],
    ['in which two actions follow each other', canonicalJson({ ...plan('x'), nodes: [...plan('x').nodes.slice(0, 2), ...plan('x').nodes.slice(1)] }), /plan_json: n1: two nodes have this id/],
    ['whose target is not that of its situation', canonicalJson(plan('go').nodes[2]?.kind === 'state' ? { ...plan('go'), nodes: [...plan('go').nodes.slice(0, 2), { kind: 'state', id: 'g', level: 'hours', text: 'elsewhere' }] } : {}), /plan_json: g: under the stance pursue/],
    ['at a level outside the horizon', canonicalJson(plan('go')).replaceAll('"hours"', '"years"'), /plan_json: s0: its level years is outside the horizon/],
  ])('and names a plan %s', async (_, plan_json, message) => {
    const { found, file } = await altered(4, { plan_json });
    expect(found).toContainEqual(expect.stringMatching(message));
    expect(found.every((fault) => fault.startsWith(`${file} row 4: `))).toBe(true);
  });

  it.each([
    [{ plan_text: 'something else' }, 'plan_text does not follow from plan_json'],
    [{ nodes: [] }, 'nodes does not follow from plan_json'],
    [{ stance: 'decline' as const }, 'stance does not follow from plan_json'],
    [{ distance_to_final: 7 }, 'distance_to_final is 7, it must be 1'],
    [{ critique: '[{"node":"n1"}]' }, 'critique.0.severity: '],
    [{ explanation: '"words"' }, 'explanation: '],
    [{ alternative_explanations: [canonicalJson({ text: 'x', arguments: [] })] }, 'has alternative explanations, and is not final'],
    [{ revisions: 2 }, 'revisions is 2, the main line has 3'],
    [{ agent: 'other' }, 'agent differs from that of its situation'],
    [{ root_id: 'f'.repeat(64) }, 'root_id differs from that of its situation'],
  ])('and names a column that contradicts the rest: %o', async (change, message) => {
    const { found, file } = await altered(4, change);
    expect(found).toEqual([expect.stringContaining(`${file} row 4: ${message}`)]);
  });

  it('and names rows out of order', async () => {
    const { found, file } = await forged(([first, second, ...rest]) => [second as DataRow, first as DataRow, ...rest]);
    expect(found).toEqual([`${file} row 1: rows must be sorted by situation_index, branch, revision`]);
  });

  it('and names a version that stands twice', async () => {
    const { found, file } = await forged(([first, ...rest]) => [first as DataRow, first as DataRow, ...rest]);
    expect(found).toContain(`${file} row 1: rows must be sorted by situation_index, branch, revision`);
  });

  it('and names a gap in the main line', async () => {
    const { found } = await altered(5, { branch: 'a3', revision: 0 });
    expect(found).toContainEqual(expect.stringContaining('revisions on the main line are 0, 2; they must count from 0'));
  });

  it('and names versions whose situation has no row', async () => {
    const forgery = await Forgery.begin();
    const file = await forgery.fileOf('situations', 2);
    await forgery.rewrite<SituationRow>(file, (rows) => rows.filter((row) => row.situation_index !== 2));
    expect(await faults(forgery)).toContainEqual(expect.stringMatching(/^data\/.* row \d+: situation 2 has no row under situations\/$/));
  });
});

describe('verify holds pages against each other', () => {
  it('and names a situation that stands on two', async () => {
    const forgery = await Forgery.begin();
    const file = await forgery.fileOf('situations', 6);
    await forgery.rewrite<SituationRow>(file, (rows) => rows.map((row) => (row.situation_index === 6 ? { ...row, situation_index: 0 } : row)).sort((a, b) => a.situation_index - b.situation_index));
    expect(await faults(forgery)).toContainEqual(expect.stringMatching(/^situations\/.* row 0: situation 0 stands on page 0 too$/));
  });

  it('and names versions that stand apart from the others of their situation', async () => {
    const { found, file } = await forged(([first, ...rest]) => [...rest, { ...(first as DataRow), situation_index: 1 }, first as DataRow]);
    expect(found).toContainEqual(expect.stringMatching(new RegExp(`^${file} row \\d+: versions of situation 0 stand apart from its others$`)));
  });
});

describe('verify keeps families together', () => {
  it('and names a root that straddles two splits, and the split that its hash gives', async () => {
    const forgery = await Forgery.begin();
    const away = (row: { split: string }) => (row.split === 'train' ? 'test' : 'train');
    for (const kind of ['situations', 'data'] as const) {
      const file = await forgery.fileOf(kind, 6);
      const split = away({ split: file.split as string });
      await forgery.rewrite<DataRow>(file, (rows) => rows.map((row) => ({ ...row, split })));
      file.split = split;
    }
    forgery.saveManifest();
    const found = await faults(forgery);
    expect(found).toContainEqual(expect.stringMatching(/^situations\/.*: root [0-9a-f]{64} is in \w+, and in \w+ on page 0$/));
    expect(found).toContainEqual(expect.stringMatching(/: split is \w+; the campaign's seed and shares give \w+$/));
  });

  it('and names a row that is in the file of another split', async () => {
    const forgery = await Forgery.begin();
    const file = await forgery.fileOf('data', 0);
    const split = file.split === 'train' ? 'test' : 'train';
    await forgery.rewrite<DataRow>(file, (rows) => rows.map((row, i) => (i === 0 ? { ...row, split } : row)));
    expect(await faults(forgery)).toContain(`${file.key} row 0: split is ${split}, its file holds ${file.split}`);
  });
});

describe('verify without the documents it needs', () => {
  it('names a missing manifest', async () => {
    const forgery = await Forgery.begin();
    forgery.store.objects.delete(`datasets/${NAME}/manifest/000001.json`);
    expect(await faults(forgery)).toEqual(['there is no manifest that can be read']);
  });

  it('names a missing or foreign campaign.json, and checks the rest', async () => {
    const forgery = await Forgery.begin();
    const record = JSON.parse(new TextDecoder().decode(forgery.store.objects.get(campaignKey(NAME)))) as object;
    await forgery.store.put(campaignKey(NAME), canonicalJson({ ...record, fingerprint: 'a'.repeat(64) }));
    expect(await faults(forgery)).toEqual([expect.stringContaining(`campaign.json: fingerprint is ${'a'.repeat(64)}, the manifest says`)]);
    forgery.store.objects.delete(campaignKey(NAME));
    expect(await faults(forgery)).toEqual(['campaign.json: is missing; labels and splits cannot be checked']);
  });
});
