import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, watch, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportDataset, type ExportRequest } from '../../../activities/exports/export.ts';
import type { Exported } from '../../../activities/exports/exported.ts';
import { completeOptions } from '../../../activities/exports/options.ts';
import { pull } from '../../../activities/shards/pull.ts';
import { folderSource, listFolder, storeSource } from '../../../activities/shards/verify-source.ts';
import { readArrow } from '../../../infra/arrow/reader.ts';
import { packageRoot } from '../../../infra/package-root.ts';
import { isMaterial } from '../../../plans/material.ts';
import { sha256Hex } from '../../../schemas/canonical.ts';
import type { ExportOptions } from '../../../schemas/exports.ts';
import type { Plan } from '../../../schemas/plan.ts';
import type { DataRow } from '../../../schemas/rows.ts';
import { NAME, publishedDataset } from '../shards/dataset.ts';

/** 16 situations of the simulated world, 14 of them converged, pulled from a real campaign. */
const PULLED = join(packageRoot, 'test/golden/exported');

type Row = Record<string, unknown>;
type Given = Pick<ExportOptions, 'view'> & Partial<ExportOptions>;

let scratch: string;
let out: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'exemplar-export-'));
  out = join(scratch, 'out');
});
afterEach(() => rm(scratch, { recursive: true }));

async function exportPulled(given: Given, more: Partial<ExportRequest> = {}): Promise<{ exported: Exported; rows: Row[] }> {
  const exported = await exportDataset({ source: folderSource(PULLED), name: 'pulled', folder: out, options: completeOptions(given), ...more });
  return { exported, rows: await rowsOf(exported, more.folder ?? out) };
}

/** The hand-made dataset of seven situations. */
async function exportHandMade(given: Given): Promise<{ exported: Exported; rows: Row[] }> {
  const { store } = await publishedDataset();
  const exported = await exportDataset({ source: storeSource(store, NAME), name: NAME, folder: out, options: completeOptions(given) });
  const rows = await rowsOf(exported, out);
  await rm(out, { recursive: true });
  return { exported, rows: rows.sort((a, b) => (a['situation_index'] as number) - (b['situation_index'] as number)) };
}

async function rowsOf({ files }: Exported, folder: string): Promise<Row[]> {
  const all: Row[] = [];
  for (const { path } of files) if (path.endsWith('.arrow')) all.push(...(await readArrow(await readFile(join(folder, path)))));
  return all;
}

async function sourceRows(): Promise<DataRow[]> {
  const files = (await listFolder(join(PULLED, 'data'))).map((name) => join(PULLED, 'data', name));
  return (await Promise.all(files.map(async (file) => readArrow<DataRow>(await readFile(file))))).flat();
}

const actionIn = (text: unknown) => /n1 \[hours\] -> (.*?) \(/.exec(text as string)?.[1];

describe('views of a dataset made by hand', () => {
  it('preference: the final version against each negative that reads differently', async () => {
    const { exported, rows } = await exportHandMade({ view: 'preference' });
    expect(rows.map((row) => [row['situation_index'], actionIn(row['chosen']), actionIn(row['rejected'])])).toEqual([[0, 'go slowly', 'go'], [1, 'ask first', 'ask']]);
    // the draft of situation 1 was explained anew and is a version of its own then
    expect(exported).toMatchObject({
      situations: { total: 7, kept: 2, dropped: { failed: 1, noRow: 1, refused: 1, unconverged: 1, waiting: 1 } },
      rows: { total: 3, kept: 2, dropped: { repeated: 1 } },
    });
  });

  it('preference --branch all: versions that verification strayed to as well', async () => {
    const { rows } = await exportHandMade({ view: 'preference', branch: 'all' });
    expect(rows.map((row) => [row['situation_index'], row['branch'], actionIn(row['rejected'])])).toEqual([[0, 'a2', 'go by night'], [0, 'main', 'go'], [1, 'main', 'ask']]);
  });

  it('preference --pairs adjacent: where the next version is as good as the final one, the final one is chosen', async () => {
    const { exported, rows } = await exportHandMade({ view: 'preference', pairs: 'adjacent' });
    expect(rows.map((row) => [row['situation_index'], row['chosen_revision'], row['rejected_revision'], row['chosen_label']])).toEqual([[0, 2, 0, 'positive'], [1, 2, 1, 'positive']]);
    expect(exported.rows.dropped).toEqual({ immaterial: 1 });
  });

  it('preference --pairs first: the draft alone, and only where it is a negative', async () => {
    const { rows } = await exportHandMade({ view: 'preference', pairs: 'first' });
    expect(rows.map((row) => [row['situation_index'], row['rejected_revision']])).toEqual([[0, 0], [1, 0]]);
  });

  it('unpaired: finals true, negatives false, equivalent versions left out', async () => {
    const { exported, rows } = await exportHandMade({ view: 'unpaired' });
    expect(rows.map((row) => [row['situation_index'], row['label'], actionIn(row['completion'])])).toEqual([
      [0, false, 'go'], [0, true, 'go slowly'], [1, false, 'ask'], [1, true, 'ask first'], [6, true, 'dig'],
    ]);
    expect(exported.versions).toEqual({ total: 14, kept: 5, dropped: { branch: 5, equivalent: 1, repeated: 1, unconverged: 2 } });
  });

  it('stepwise: a step is right if it stands in the final version and no critique that was heeded named it', async () => {
    const { rows } = await exportHandMade({ view: 'stepwise' });
    const judged = rows.map((row) => [row['situation_index'], row['version_label'], row['nodes'], row['labels']]);
    expect(judged).toEqual([
      [0, 'negative', ['', 'n1'], [true, false]],
      [0, 'positive', ['', 'n1'], [true, true]],
      [1, 'negative', ['', 'n1'], [true, false]],
      [1, 'positive', ['', 'n1', 'n2', 'n3', 'n4'], [true, true, true, true, true]],
      [6, 'positive', ['', 'n1'], [true, true]],
    ]);
    expect(rows[0]?.['completions']).toEqual(['stance: pursue', expect.stringMatching(/^n1 \[hours\] -> go \(success 0.5, 600 s, energy 3 Wh, /)]);
  });

  it('ranking: one row a situation that has a negative, its versions in order', async () => {
    const { exported, rows } = await exportHandMade({ view: 'ranking', branch: 'all' });
    expect(rows.map((row) => [row['situation_index'], row['labels'], row['ranks'], row['revision_numbers'], row['branches']])).toEqual([
      [0, ['negative', 'negative', 'equivalent', 'positive'], [1, 1, 0, 0], [4, 0, 1, 2], ['a2', 'main', 'main', 'main']],
      [1, ['negative', 'positive'], [1, 0], [0, 2], ['main', 'main']],
    ]);
    expect(exported.rows).toMatchObject({ total: 3, kept: 2, dropped: { noNegative: 1 } });
  });

  it('sft: finals alone, as messages where they are conversations', async () => {
    const { rows } = await exportHandMade({ view: 'sft', style: 'conversational', with: 'explanation' });
    expect(rows.map((row) => row['situation_index'])).toEqual([0, 1, 6]);
    const [user, assistant] = rows[0]?.['messages'] as { role: string; content: string }[];
    expect([user?.role, assistant?.role]).toEqual(['user', 'assistant']);
    expect(user?.content).toMatch(/^Make a plan for the agent\.\n\nAgent: rover\n\nHorizon: minutes, hours \(finest first\)\nInitial state: start\nTarget state: goal\n\n[^]*Then explain the plan[^]*Plan:\n$/);
    expect(assistant?.content).toMatch(/^stance: pursue\ns0 \[hours\] start\nn1 [^]*\ng \[hours\] goal\n\nWhy: p2\.t1\.revise\n- p2\.t1\.revise holds For: so it is \(n1\)$/);
  });

  it('completions as JSON are plans again', async () => {
    const { rows } = await exportHandMade({ view: 'sft', completion: 'json', with: 'explanation' });
    expect(JSON.parse(rows[1]?.['completion'] as string)).toMatchObject({ plan: { stance: 'pursue', nextId: 5 }, explanation: { arguments: [{ supports: ['n1'] }] } });
  });
});

describe('export of a campaign', () => {
  const VIEWS: Given[] = [{ view: 'preference' }, { view: 'preference', pairs: 'adjacent', branch: 'all' }, { view: 'unpaired', minDistance: 2 }, { view: 'stepwise' }, { view: 'ranking', maxChars: 4600 }, { view: 'sft', maxChars: 4600 }];

  it.each(VIEWS)('counts everything, and shares the splits of the source: %o', async (given) => {
    const { exported, rows } = await exportPulled(given);
    for (const { total, kept, dropped } of [exported.situations, exported.versions, exported.rows]) expect(Object.values(dropped).reduce((sum, n) => sum + n, kept)).toBe(total);
    const source = await sourceRows();
    const splitOf = new Map(source.map((row) => [row.situation_index, row.split]));
    expect(exported.situations.total).toBe(16);
    expect(exported.versions.total).toBe(source.length);
    expect(rows).toHaveLength(exported.rows.kept);
    for (const { split, path, rows: declared } of exported.files) {
      const own = await readArrow<Row>(await readFile(join(out, path)));
      expect(own).toHaveLength(declared);
      expect(own.filter((row) => splitOf.get(row['situation_index'] as number) !== split)).toEqual([]);
    }
    expect(new Set(rows.map((row) => row['situation_index'])).size).toBe(exported.situations.kept);
  });

  it('shows no ids that tell drafts from later versions', async () => {
    const { rows } = await exportPulled({ view: 'unpaired' });
    for (const { completion } of rows) {
      const ids = [...(completion as string).matchAll(/^ *n(\d+) \[/gm)].map(([, id]) => Number(id));
      expect(ids).toEqual(ids.map((_, i) => i + 1));
    }
    // they do tell: in the source, a draft's ids run without a gap, and those of revised plans do not
    const source = await sourceRows();
    const gaps = source.filter(({ label, nodes }) => label === 'positive' && nodes.some(({ id }) => /^n\d+$/.test(id) && Number(id.slice(1)) > nodes.length));
    expect(gaps.length).toBeGreaterThan(0);
  });

  it('never prefers a text to itself, nor says one thing twice', async () => {
    const { rows } = await exportPulled({ view: 'preference', branch: 'all' });
    expect(rows.filter(({ chosen, rejected }) => chosen === rejected)).toEqual([]);
    expect(new Set(rows.map(({ situation_index, chosen, rejected }) => JSON.stringify([situation_index, chosen, rejected]))).size).toBe(rows.length);
  });

  it('adjacent pairs of two negatives differ materially, follow each other, and lead to the final version', async () => {
    const { rows } = await exportPulled({ view: 'preference', pairs: 'adjacent' });
    const source = new Map((await sourceRows()).map((row) => [`${row.situation_index}/${row.branch}/${row.revision}`, row]));
    const between = rows.filter(({ chosen_label }) => chosen_label === 'negative');
    expect(between.length).toBeGreaterThan(10);
    for (const row of between) {
      const at = (revision: unknown) => source.get(`${String(row['situation_index'])}/${String(row['branch'])}/${String(revision)}`) as DataRow;
      const [better, worse] = [at(row['chosen_revision']), at(row['rejected_revision'])];
      expect([better.label, worse.label, better.revision]).toEqual(['negative', 'negative', worse.revision + 1]);
      expect(isMaterial(JSON.parse(better.plan_json) as Plan, JSON.parse(worse.plan_json) as Plan, 0.05)).toBe(true);
      expect(better.distance_to_final).toBeLessThanOrEqual(worse.distance_to_final);
    }
  });

  it('steps joined are the plan, and the negative versions each have a wrong one', async () => {
    const { rows } = await exportPulled({ view: 'stepwise' });
    const texts = new Map((await exportPulled({ view: 'unpaired' }, { folder: join(scratch, 'whole') })).rows.map((row) => [`${String(row['situation_index'])}/${String(row['revision'])}`, row['completion'] as string]));
    for (const row of rows) {
      const steps = row['completions'] as string[];
      const whole = texts.get(`${String(row['situation_index'])}/${String(row['revision'])}`)?.split('\n') ?? [];
      expect(steps).toEqual(whole.filter((line) => steps.includes(line)));
      expect(whole.filter((line) => !steps.includes(line)).map((line) => line.split(' ')[0])).toEqual(steps.some((step) => step.startsWith('g [')) ? ['s0'] : ['s0', 'g']);
      expect((row['labels'] as boolean[]).every(Boolean)).toBe(row['version_label'] === 'positive');
    }
  });

  it('hands each converged situation to the filters and counts their reasons', async () => {
    const seen: number[] = [];
    const filters = [({ situation }: { situation: { situation_index: number } }) => (seen.push(situation.situation_index), situation.situation_index % 2 === 0 ? 'contaminated' : null)];
    const { exported, rows } = await exportPulled({ view: 'sft' }, { filters });
    expect(seen).toHaveLength(14);
    expect(exported.situations.dropped['contaminated']).toBe(seen.filter((index) => index % 2 === 0).length);
    expect(rows.every((row) => (row['situation_index'] as number) % 2 === 1)).toBe(true);
  });
});

describe('the folder', () => {
  const hashes = async (folder: string) => Object.fromEntries(await Promise.all((await listFolder(folder)).map(async (name) => [name, sha256Hex(await readFile(join(folder, name)))] as const)));

  it.each(['arrow', 'parquet', 'jsonl'] as const)('has equal bytes for equal input, and names the hash of each file (%s)', async (format) => {
    const { exported } = await exportPulled({ view: 'ranking', format });
    const again = join(scratch, 'again');
    await exportPulled({ view: 'ranking', format }, { folder: again });
    expect(await hashes(again)).toEqual(await hashes(out));
    expect(await hashes(out)).toMatchObject(Object.fromEntries(exported.files.map(({ path, sha256 }) => [path, sha256])));
    expect(JSON.parse(await readFile(join(out, 'export.json'), 'utf8'))).toEqual(exported);
  });

  it('is the same, read from the store or from a pulled copy', async () => {
    const { store } = await publishedDataset();
    await pull(store, NAME, join(scratch, 'pulled'));
    const options = completeOptions({ view: 'unpaired' });
    await exportDataset({ source: storeSource(store, NAME), name: NAME, folder: out, options });
    await exportDataset({ source: folderSource(join(scratch, 'pulled')), name: 'pulled', folder: join(scratch, 'again'), options });
    expect(await hashes(join(scratch, 'again'))).toEqual(await hashes(out));
  });

  it('cuts a split into files that together hold the same rows', async () => {
    const whole = await exportPulled({ view: 'preference' }, { folder: join(scratch, 'whole') });
    const cut = await exportPulled({ view: 'preference' }, { fileChars: 60_000 });
    const train = cut.exported.files.filter(({ split }) => split === 'train').map(({ path }) => path);
    expect(train.length).toBeGreaterThan(2);
    expect(train).toEqual(train.map((_, i) => `data/train-0000${i}-of-0000${train.length}.arrow`));
    expect(cut.rows).toEqual(whole.rows);
  });

  it('is left as it was when the source is damaged, with one line that names the file', async () => {
    const damaged = join(scratch, 'damaged');
    await cp(PULLED, damaged, { recursive: true });
    const [name] = (await readdir(join(damaged, 'data'))).filter((each) => each.startsWith('train')).slice(-1) as [string];
    const bytes = await readFile(join(damaged, 'data', name));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    await writeFile(join(damaged, 'data', name), bytes);
    const failing = exportDataset({ source: folderSource(damaged), name: 'damaged', folder: join(out, 'deep'), options: completeOptions({ view: 'sft' }) });
    await expect(failing).rejects.toThrow(new RegExp(`^data/${name}: sha256 is [0-9a-f]{64}, the manifest says [0-9a-f]{64}$`));
    expect(existsSync(out)).toBe(false);
    await rm(join(damaged, 'data', name));
    await mkdir(out);
    await expect(exportDataset({ source: folderSource(damaged), name: 'damaged', folder: out, options: completeOptions({ view: 'sft' }) })).rejects.toThrow(`data/${name}: is missing`);
    expect(await readdir(out)).toEqual([]);
  });

  it('is refused where it holds something else, or a finished export', async () => {
    await mkdir(out);
    await writeFile(join(out, 'notes.txt'), 'mine');
    await expect(exportPulled({ view: 'sft' })).rejects.toThrow(`OUT: ${out} holds notes.txt; give an empty or a new folder`);
    expect(await readdir(out)).toEqual(['notes.txt']);
    await rm(join(out, 'notes.txt'));
    await exportPulled({ view: 'sft' });
    await expect(exportPulled({ view: 'sft' })).rejects.toThrow(`OUT: ${out} holds a finished export; give an empty or a new folder`);
    await expect(exportPulled({ view: 'sft' }, { folder: join(out, 'README.md') })).rejects.toThrow(`OUT: ${join(out, 'README.md')} is no folder; give an empty or a new one`);
  });

  it('of a killed export looks unfinished, and the next export clears it', async () => {
    // a source that never ends: the data file is a pipe that nobody writes to
    const endless = join(scratch, 'endless');
    await cp(PULLED, endless, { recursive: true });
    const [name] = (await readdir(join(endless, 'data'))).filter((each) => each.startsWith('train')).slice(-1) as [string];
    await rm(join(endless, 'data', name));
    execFileSync('mkfifo', [join(endless, 'data', name)]);
    await mkdir(out);
    const appeared = (async () => {
      for await (const { filename } of watch(out)) if (filename?.startsWith('.partial-') === true) return filename;
      return undefined;
    })();
    const child = spawn(process.execPath, [join(packageRoot, 'bin/exemplar.js'), 'export', endless, out, '--view', 'sft'], { stdio: 'ignore' });
    const part = await appeared;
    await expect(exportPulled({ view: 'sft' })).rejects.toThrow(`OUT: process ${child.pid} is exporting into ${out}; wait for it, or give another folder`);
    const killed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await killed;
    expect(await readdir(out)).toEqual([part]);
    await exportPulled({ view: 'sft' });
    expect((await readdir(out)).sort()).toEqual(['README.md', 'data', 'export.json']);
  });
});
