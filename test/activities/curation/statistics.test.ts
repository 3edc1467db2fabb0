import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { Dataset } from '../../../activities/curation/dataset.ts';
import { readStatistics, type Statistics, type Texts } from '../../../activities/curation/statistics.ts';
import { publish } from '../../../activities/shards/manifest.ts';
import { pull } from '../../../activities/shards/pull.ts';
import { folderSource, storeSource } from '../../../activities/shards/verify-source.ts';
import { canonicalJson } from '../../../schemas/canonical.ts';
import { campaignKey } from '../../../schemas/keys.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { campaignRecord, NAME, publishedDataset, sealStory, tellStory } from '../shards/dataset.ts';
import { testPython } from '../shards/pyarrow.ts';
import { Forgery } from '../shards/tamper.ts';

/** DuckDB's own answers about the same files; one JSON object a line. */
const SQL = `
import json, sys, duckdb, pyarrow as pa
root = sys.argv[1]
files = [f for page in json.load(open(f"{root}/manifest.json"))["pages"] for f in page["files"]]
read = lambda kind: pa.concat_tables(pa.ipc.open_file(f"{root}/{f['key']}").read_all() for f in files if f["kind"] == kind)
data, situations = read("data"), read("situations")
def ask(query):
    print(json.dumps(duckdb.sql(query).fetchall()))
ask("select label, count(*) from data group by 1 order by 1")
ask("select stance, count(*) from data where is_final group by 1 order by 1")
ask("select versions, count(*) from situations group by 1 order by 1")
ask("select split, count(*) from situations group by 1 order by 1")
ask("select outcome, reason, count(*) from situations where outcome <> 'converged' group by 1, 2 order by 1, 2")
for column, which in (("distance_to_final", "not is_final"), ("distance_to_previous", "revision > 0"), ("length(plan_text)", "true"), ("len(nodes)", "true")):
    ask(f"select count(*), avg({column}), min({column}), quantile_disc({column}, 0.1), quantile_disc({column}, 0.5), quantile_disc({column}, 0.9), max({column}) from data where {which}")
ask("select revision::text, avg(log_reward), coalesce(stddev_samp(log_reward), 0), count(*) from data where branch = 'main' and log_reward is not null group by revision order by revision")
`;

const opened = async (store: MemoryStore, generation?: number) => await Dataset.open(storeSource(store, NAME), NAME, generation);

let statistics: Statistics;
let texts: Texts;
beforeAll(async () => ({ statistics, texts } = await readStatistics(await opened((await publishedDataset()).store))));

describe('statistics of a dataset', () => {
  it.skipIf(testPython === null)('are those that DuckDB gives of the same files (needs the Python environment)', async () => {
    const folder = join(await mkdtemp(join(tmpdir(), 'exemplar-stats-')), 'out');
    await pull((await publishedDataset()).store, NAME, folder);
    const { stdout } = await promisify(execFile)(testPython as string, ['-c', SQL, folder]);
    const [labels, stances, versions, splits, reasons, ...others] = stdout.trim().split('\n').map((line) => JSON.parse(line) as unknown[][]);
    const sorted = (entries: [string | number, number][]) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
    expect(sorted(statistics.versions.labels)).toEqual(labels);
    expect(sorted(statistics.versions.stances)).toEqual(stances);
    expect(statistics.situations.versions).toEqual(versions);
    expect(sorted(statistics.situations.splits)).toEqual(splits);
    expect(statistics.situations.reasons.map(({ outcome, reason, situations }) => [outcome, reason, situations]).sort()).toEqual(reasons);
    const { toFinal, toPrevious, planChars, nodes } = statistics.versions;
    for (const [i, spread] of [toFinal, toPrevious, planChars, nodes].entries()) {
      const [n, mean, ...quantiles] = (others[i] as number[][])[0] as [number, number, ...number[]];
      expect(spread).toMatchObject({ n, least: quantiles[0], tenth: quantiles[1], median: quantiles[2], ninetieth: quantiles[3], most: quantiles[4] });
      expect(spread?.mean).toBeCloseTo(mean, 12);
    }
    const values = statistics.values.filter(({ version }) => version !== 'final');
    expect(values.map(({ version, n }) => [version, n])).toEqual((others[4] as unknown[][]).map(([version, , , n]) => [version, n]));
    for (const [i, { mean, sd }] of values.entries()) {
      expect(mean).toBeCloseTo((others[4] as number[][])[i]?.[1] as number, 12);
      expect(sd).toBeCloseTo((others[4] as number[][])[i]?.[2] as number, 12);
    }
    // the folder says the same
    expect((await readStatistics(await Dataset.open(folderSource(folder), folder))).statistics).toEqual(statistics);
  });

  it('keep the text of every situation that has a plan, once, and of its final plan', () => {
    expect([...texts.indexes.values()].sort()).toEqual([0, 1, 2, 6]);
    expect(texts.situations.map(({ id }) => id)).toEqual(texts.plans.map(({ id }) => id));
  });

  it('count edits by whether their revision is material, and the critics that led to it', async () => {
    const forgery = await Forgery.begin();
    const edits = (...ops: string[]) => ({ edits: JSON.stringify(ops.map((op) => ({ op }))) });
    // "go" became "go slowly", whose success then changed within the tolerance
    await forgery.alter('data', 0, ({ branch, revision }) => branch === 'main' && revision === 1, edits('label', 'characteristic'));
    await forgery.alter('data', 0, ({ branch, revision }) => branch === 'main' && revision === 2, edits('characteristic'));
    await forgery.alter('data', 0, ({ branch }) => branch !== 'main', edits('remove'));
    const { revisions, edits: counted, textbooks } = (await readStatistics(await opened(forgery.store))).statistics;
    expect(revisions).toEqual({ material: 1, immaterial: 1 });
    expect(counted).toEqual([{ op: 'characteristic', material: 1, immaterial: 1 }, { op: 'label', material: 1, immaterial: 0 }]);
    expect(textbooks).toEqual([{ textbook: 'ethics', material: 1, immaterial: 1, findings: 2 }]);
  });

  it('are there for a dataset in which nothing has ended, and one in which nothing converged', async () => {
    const store = new MemoryStore();
    const campaign = await campaignRecord();
    store.objects.set(campaignKey(NAME), new TextEncoder().encode(canonicalJson(campaign)));
    await publish(store, campaign, campaign.listing, []);
    const { statistics: empty, texts: none } = await readStatistics(await opened(store));
    expect(empty).toMatchObject({ situations: { splits: [], reasons: [], versions: [] }, versions: { rows: 0, labels: [], toFinal: null, nodes: null }, values: [] });
    expect(none.situations).toEqual([]);

    const story = tellStory(store);
    for (const index of [0, 1, 6]) story.outcomes.delete(index);
    await publish(store, campaign, campaign.listing, await sealStory(store, campaign, story));
    const { statistics: without } = await readStatistics(await opened(store));
    expect(without.versions.labels).toEqual([['none', 2]]);
    expect(without.situations.reasons.map(({ outcome }) => outcome).sort()).toEqual(['failed', 'refused', 'unconverged']);
  });
});

describe('a dataset that cannot be read', () => {
  it('is told of in one line', async () => {
    const { store, manifest } = await publishedDataset();
    await expect(opened(store, 9)).rejects.toThrow(/^hand-made: has no generation 9$/);
    await expect(Dataset.open(storeSource(store, 'nobody'), 'nobody')).rejects.toThrow(/^nobody: has no published generation$/);
    const [file] = manifest.pages.flatMap((page) => page.files);
    const key = `datasets/${NAME}/${file?.key}`;
    store.objects.set(key, (store.objects.get(key) as Uint8Array).slice(0, 50));
    await expect(readStatistics(await opened(store))).rejects.toThrow(new RegExp(`^${file?.key}: has 50 bytes and the sha256 [0-9a-f]{64}, the manifest says ${file?.sha256}; .exemplar verify. names every fault$`));
    store.objects.delete(key);
    await expect(readStatistics(await opened(store))).rejects.toThrow(`${file?.key}: is missing`);
    store.objects.set(`datasets/${NAME}/manifest/000002.json`, new TextEncoder().encode('{"schemaVersion":99}'));
    await expect(opened(store)).rejects.toThrow(/schemaVersion is 99, and this program reads up to \d+: update it$/);
    store.objects.set(`datasets/${NAME}/manifest/000002.json`, new TextEncoder().encode('{'));
    await expect(opened(store)).rejects.toThrow('hand-made: manifest/000002.json: is not JSON');
  });
});
