import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publish, readManifest } from '../../../activities/shards/manifest.ts';
import { pull } from '../../../activities/shards/pull.ts';
import { folderSource, listFolder } from '../../../activities/shards/verify-source.ts';
import { verify } from '../../../activities/shards/verify.ts';
import { canonicalJson } from '../../../schemas/canonical.ts';
import type { FileEntry, Manifest, PageSeal } from '../../../schemas/manifest.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { NAME, publishedDataset } from './dataset.ts';

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'exemplar-pull-')), 'out');
});
afterEach(() => rm(join(folder, '..'), { recursive: true }));

const filesOf = ({ pages }: Manifest) => pages.flatMap((page) => page.files);
const keyOf = (file: FileEntry) => `datasets/${NAME}/${file.key}`;

/** A store that breaks off after a number of reads of data, situations and ledger files. */
class Brittle extends MemoryStore {
  left = Infinity;
  readonly fetched: string[] = [];

  override get(key: string): Promise<Uint8Array | null> {
    if (!key.endsWith('.arrow')) return super.get(key);
    if (this.left-- <= 0) return Promise.reject(new Error('connection lost'));
    this.fetched.push(key);
    return super.get(key);
  }
}

async function brittle(): Promise<{ store: Brittle; manifest: Manifest }> {
  const { store, manifest } = await publishedDataset();
  const copy = new Brittle();
  for (const [key, bytes] of store.objects) copy.objects.set(key, bytes);
  return { store: copy, manifest };
}

/** A second generation, in which page 1 has no files. */
async function secondGeneration() {
  const { store, campaign, manifest } = await publishedDataset();
  const page = manifest.pages[1] as PageSeal;
  const outcomes = { converged: 0, unconverged: 0, refused: 0, failed: 0, 'over-budget': 0, waiting: 3 };
  const second = await publish(store, campaign, campaign.listing, [{ ...page, settings: 1, files: [], calls: 0, nanoUsd: 0, outcomes }]);
  return { store, first: manifest, second: second.manifest };
}

describe('pull', () => {
  it('brings the last generation whole, so that the folder verifies', async () => {
    const { store, manifest } = await publishedDataset();
    const files = filesOf(manifest);
    expect(await pull(store, NAME, folder)).toEqual({ generation: 1, files: files.length, kept: 0, bytes: files.reduce((sum, file) => sum + file.bytes, 0) });
    expect(await listFolder(folder)).toEqual(['README.md', 'campaign.json', 'manifest.json', ...files.map((file) => file.key)].sort());
    const { checks, faults } = await verify(folderSource(folder));
    expect(faults).toEqual([]);
    expect(checks).toBeGreaterThan(300);
  });

  it('brings exactly the generation asked for', async () => {
    const { store, first, second } = await secondGeneration();
    await pull(store, NAME, folder, { generation: 1 });
    expect((await listFolder(folder)).filter((name) => name.endsWith('.arrow'))).toEqual(filesOf(first).map((file) => file.key).sort());
    const other = `${folder}-2`;
    expect((await pull(store, NAME, other)).generation).toBe(2);
    expect((await listFolder(other)).filter((name) => name.endsWith('.arrow'))).toEqual(filesOf(second).map((file) => file.key).sort());
    expect(await readFile(join(folder, 'README.md'), 'utf8')).toContain('Generation 1 ');
    expect((await verify(folderSource(other))).faults).toEqual([]);
  });

  it('goes on where it was cut off: whole files stay, the manifest comes last', async () => {
    const { store, manifest } = await brittle();
    store.left = 2;
    await expect(pull(store, NAME, folder)).rejects.toThrow('connection lost');
    const whole = (await listFolder(folder)).filter((name) => name.endsWith('.arrow'));
    expect(whole).toHaveLength(2);
    expect(await listFolder(folder)).not.toContain('manifest.json');
    const next = join(folder, (filesOf(manifest).find(({ key }) => !whole.includes(key)) as FileEntry).key);
    await mkdir(dirname(next), { recursive: true });
    await writeFile(`${next}.part`, 'half a fi');

    store.left = Infinity;
    store.fetched.length = 0;
    const { kept, files } = await pull(store, NAME, folder);
    expect(kept).toBe(2);
    expect(store.fetched).toHaveLength(files - 2);
    expect((await verify(folderSource(folder))).faults).toEqual([]);
    expect((await listFolder(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('fetches again what was damaged, and nothing where all is there', async () => {
    const { store, manifest } = await brittle();
    await pull(store, NAME, folder);
    const file = filesOf(manifest)[0] as FileEntry;
    await writeFile(join(folder, file.key), 'damaged');
    store.fetched.length = 0;
    expect((await pull(store, NAME, folder)).bytes).toBe(file.bytes);
    expect(store.fetched).toEqual([keyOf(file)]);
    const before = await stat(join(folder, file.key));
    expect((await pull(store, NAME, folder)).bytes).toBe(0);
    expect((await stat(join(folder, file.key))).mtimeMs).toBe(before.mtimeMs);
  });

  it('keeps no file whose bytes are not those of the manifest', async () => {
    const { store, manifest } = await publishedDataset();
    const file = filesOf(manifest)[0] as FileEntry;
    store.objects.set(keyOf(file), new Uint8Array([1]));
    await expect(pull(store, NAME, folder, { pauseMs: 1 })).rejects.toThrow(new RegExp(`^${file.key} in memory: sha256 is [0-9a-f]{64}, the manifest says ${file.sha256}$`));
    expect(await listFolder(folder)).not.toContain(file.key);
    expect(await listFolder(folder)).not.toContain('manifest.json');
    store.objects.delete(keyOf(file));
    await expect(pull(store, NAME, folder)).rejects.toThrow(`${file.key} is missing from memory`);
  });

  it('refuses a folder with anything else in it, and leaves it as it was', async () => {
    const { store } = await publishedDataset();
    await mkdir(join(folder, 'data'), { recursive: true });
    await writeFile(join(folder, 'data', 'mine.txt'), 'precious');
    await expect(pull(store, NAME, folder)).rejects.toThrow(`DIR: ${folder} holds data/mine.txt, which is not of generation 1 of "hand-made"; give an empty folder`);
    expect(await readdir(folder, { recursive: true })).toEqual(['data', join('data', 'mine.txt')]);
  });

  it('refuses a folder that holds another generation', async () => {
    const { store } = await secondGeneration();
    await pull(store, NAME, folder, { generation: 1 });
    await expect(pull(store, NAME, folder)).rejects.toThrow(`DIR: ${folder} holds generation 1 of "hand-made"; give an empty folder for generation 2`);
    expect((await verify(folderSource(folder))).faults).toEqual([]);
  });

  it('finishes the generation that it began, though a newer one has come', async () => {
    const { store, first } = await secondGeneration();
    const cut = new Brittle();
    for (const [key, bytes] of store.objects) cut.objects.set(key, bytes);
    cut.left = 2;
    await expect(pull(cut, NAME, folder, { generation: 1 })).rejects.toThrow('connection lost');
    expect(await pull(store, NAME, folder)).toMatchObject({ generation: 1, files: filesOf(first).length, kept: 2 });
    expect((await verify(folderSource(folder))).faults).toEqual([]);
  });

  it('removes what a step forward left behind, where it was killed after the new manifest was there', async () => {
    const { store, first, second } = await secondGeneration();
    await pull(store, NAME, folder, { generation: 1 });
    const gone = filesOf(first).filter(({ key }) => !filesOf(second).some((file) => file.key === key));
    expect(gone.length).toBeGreaterThan(0);
    const { campaign, fingerprint, generation } = second;
    const record = { schema: 1, campaign, fingerprint, generation, files: filesOf(second).map(({ key }) => key), obsolete: gone.map(({ key }) => key) };
    await writeFile(join(folder, '.exemplar-pull.json'), JSON.stringify(record));
    await writeFile(join(folder, 'manifest.json'), canonicalJson(second));
    expect(await pull(store, NAME, folder)).toMatchObject({ generation: 2, bytes: 0 });
    expect(await listFolder(folder)).toEqual(['README.md', 'campaign.json', 'manifest.json', ...filesOf(second).map(({ key }) => key)].sort());
  });

  it('refuses a folder of a campaign that has the name and another fingerprint', async () => {
    const { store } = await publishedDataset();
    await pull(store, NAME, folder);
    const key = `datasets/${NAME}/manifest/000001.json`;
    const other = { ...(JSON.parse(new TextDecoder().decode(store.objects.get(key))) as Manifest), fingerprint: 'b'.repeat(64) };
    await store.put(key, canonicalJson(other));
    for (const forward of [false, true]) {
      await expect(pull(store, NAME, folder, { forward })).rejects.toThrow(`DIR: ${folder} holds generation 1 of "hand-made", a campaign of that name with another fingerprint; give an empty folder`);
    }
  });

  it('refuses a generation or campaign that does not exist', async () => {
    const { store } = await publishedDataset();
    await expect(pull(store, NAME, folder, { generation: 9 })).rejects.toThrow('campaign "hand-made" has no generation 9 in memory');
    await expect(pull(store, 'nobody', folder)).rejects.toThrow('campaign "nobody" has no published generation in memory');
  });
});

describe('verify on a pulled folder', () => {
  it('names a changed, a missing and a strange file', async () => {
    const { store, manifest } = await publishedDataset();
    await pull(store, NAME, folder);
    const [changed, missing] = filesOf(manifest) as [FileEntry, FileEntry];
    const bytes = await readFile(join(folder, changed.key));
    bytes[100] = (bytes[100] as number) ^ 1;
    await writeFile(join(folder, changed.key), bytes);
    await rm(join(folder, missing.key));
    await writeFile(join(folder, 'ledger', 'notes.txt'), 'x');
    const { faults } = await verify(folderSource(folder));
    expect(faults).toContainEqual(expect.stringContaining(`${changed.key}: sha256 is`));
    expect(faults).toContain(`${missing.key}: is missing`);
    expect(faults).toContain('ledger/notes.txt: no manifest names this file');
  });
});

/** A published dataset whose manifest was tampered with. */
async function tampered(change: (files: FileEntry[]) => void): Promise<MemoryStore> {
  const { store, manifest } = await publishedDataset();
  const copy = structuredClone(manifest);
  change((copy.pages[0] as PageSeal).files);
  const key = [...store.objects.keys()].find((each) => each.includes('/manifest/')) as string;
  store.objects.set(key, Buffer.from(JSON.stringify(copy)));
  return store;
}

describe('pull from a store that is not to be trusted', () => {
  it.each(['../escape.arrow', 'data/../../escape.arrow', '/tmp/escape.arrow', 'data\\escape.arrow', 'data/a\0.arrow', 'data/A.arrow', 'data/a.arrow\n', 'elsewhere/a.arrow', '.bashrc'])('refuses a manifest with the key %j, and writes nothing', async (key) => {
    const store = await tampered((files) => ((files[0] as FileEntry).key = key));
    await expect(pull(store, NAME, folder)).rejects.toThrow(/key/);
    expect(await readdir(join(folder, '..'))).toEqual([]);
  });

  it('refuses a manifest that names a file twice', async () => {
    const store = await tampered((files) => files.push(files[0] as FileEntry));
    await expect(pull(store, NAME, folder)).rejects.toThrow(/names \S+ twice/);
  });

  it.each([
    ['smaller', 1, /has \d+ bytes, the manifest says \d+/],
    ['larger', -1, /has \d+ bytes; at most \d+ were to be read/],
  ])('refuses a file that is %s than the manifest says, before it is written', async (_, difference, message) => {
    const store = await tampered((files) => ((files[0] as FileEntry).bytes += difference));
    const bad = ((await readManifest(store, NAME))?.pages[0]?.files[0] as FileEntry).key;
    await expect(pull(store, NAME, folder)).rejects.toThrow(message);
    expect(await listFolder(folder)).not.toContain(bad);
    expect(await listFolder(folder)).not.toContain('manifest.json');
  });

  it('refuses a file where a folder is meant', async () => {
    const { store } = await publishedDataset();
    await writeFile(folder, '');
    await expect(pull(store, NAME, folder)).rejects.toThrow(`DIR: ${folder} is no folder; give an empty or a new one`);
  });

  it('verify names a link, and does not follow it', async () => {
    const { store } = await publishedDataset();
    await pull(store, NAME, folder);
    await symlink(join(folder, '..', 'nowhere'), join(folder, 'data', 'dangling'));
    await symlink(join(folder, '..'), join(folder, 'data', 'outside'));
    expect((await verify(folderSource(folder))).faults).toEqual([expect.stringContaining('data/dangling'), expect.stringContaining('data/outside')]);
  });
});
