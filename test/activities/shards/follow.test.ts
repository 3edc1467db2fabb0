import { writeFileSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { follow } from '../../../activities/shards/follow.ts';
import { publish, readManifest } from '../../../activities/shards/manifest.ts';
import { pull } from '../../../activities/shards/pull.ts';
import { folderSource, listFolder } from '../../../activities/shards/verify-source.ts';
import { verify } from '../../../activities/shards/verify.ts';
import { StoreError } from '../../../infra/store-s3.ts';
import { canonicalJson, sha256Hex } from '../../../schemas/canonical.ts';
import { campaignKey } from '../../../schemas/keys.ts';
import type { Manifest } from '../../../schemas/manifest.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { campaignRecord, NAME, sealStory, tellStory } from './dataset.ts';

/** Before each file that it gives, looks whether the folder is what its manifest says. */
class Watched extends MemoryStore {
  folder = '';
  looks = 0;
  troubles = 0;

  override async get(key: string): Promise<Uint8Array | null> {
    if (this.troubles-- > 0) throw new StoreError('made up', 503);
    if (key.endsWith('.arrow') && (await listFolder(this.folder)).includes('manifest.json')) {
      this.looks += 1;
      for (const file of filesOf(JSON.parse(await readFile(join(this.folder, 'manifest.json'), 'utf8')) as Manifest)) {
        expect(sha256Hex(await readFile(join(this.folder, file.key)))).toBe(file.sha256);
      }
    }
    return super.get(key);
  }
}

const filesOf = ({ pages }: Manifest) => pages.flatMap((page) => page.files);

/** A campaign in three generations: page 0; both pages; page 1 once more, with all of its situations ended. */
async function campaign() {
  const store = new Watched();
  store.folder = join(await mkdtemp(join(tmpdir(), 'exemplar-follow-')), 'out');
  const record = await campaignRecord();
  store.objects.set(campaignKey(NAME), new TextEncoder().encode(canonicalJson(record)));
  const story = tellStory(store);
  const [page0, page1] = (await sealStory(store, record, story));
  const [, late] = story.situations.filter(({ index }) => index >= 4);
  // situation 4 ends otherwise, so that a file of the page gives way to another
  story.outcomes.set(5, (story.outcomes.get(4) ?? []).map((outcome) => ({ ...outcome, index: 5, situation: late?.id as string })));
  story.outcomes.set(4, (story.outcomes.get(4) ?? []).map((outcome) => ({ ...outcome, reason: 'tried again' })));
  const [, whole] = (await sealStory(store, record, story));
  const steps = [[page0], [page1], [{ ...whole, settings: 1 }]].map((seals) => () => publish(store, record, record.listing, seals));
  return { store, record, steps: steps as [() => Promise<unknown>, () => Promise<unknown>, () => Promise<unknown>] };
}

describe('follow', () => {
  it('moves a folder through the generations until the campaign is done; at each moment the folder is what its manifest says', async () => {
    const { store, record, steps } = await campaign();
    const lines: string[] = [];
    const generations: number[] = [];
    let next = 0;
    const say = (line: string) => {
      lines.push(line);
      void (steps[next++] as () => Promise<unknown>)();
    };
    for await (const pulled of follow(store, record, store.folder, { everyMs: 5, pauseMs: 1, say })) {
      generations.push(pulled.generation);
      expect((await verify(folderSource(store.folder))).faults).toEqual([]);
      if (next < steps.length) await (steps[next++] as () => Promise<unknown>)();
    }
    expect(lines).toEqual([`campaign "${NAME}" has published nothing yet: waiting`]);
    expect(generations).toEqual([1, 2, 3]);
    expect(store.looks).toBeGreaterThan(2);
    const last = JSON.parse(await readFile(join(store.folder, 'manifest.json'), 'utf8')) as Manifest;
    expect(await listFolder(store.folder)).toEqual(['README.md', 'campaign.json', 'manifest.json', ...filesOf(last).map(({ key }) => key)].sort());
  });

  it('waits for a store in trouble, moves on an older folder, and ends between two files when told to', async () => {
    const { store, record, steps } = await campaign();
    await steps[0]();
    await pull(store, NAME, store.folder);
    await steps[1]();
    store.troubles = 1;
    const lines: string[] = [];
    const stop = new AbortController();
    let fetched = 0;
    const onFile = () => {
      if (++fetched === 3) stop.abort();
    };
    for await (const pulled of follow(store, record, store.folder, { everyMs: 5, say: (line) => lines.push(line), onFile, signal: stop.signal })) expect.fail(`generation ${pulled.generation}`);
    expect(lines).toEqual(['made up: waiting']);
    expect((await verify(folderSource(store.folder))).faults.filter((fault) => !fault.includes('no manifest names'))).toEqual([]);

    for await (const pulled of follow(store, record, store.folder, { everyMs: 5 })) {
      expect(pulled.generation).toBe(2);
      break;
    }
    expect((await verify(folderSource(store.folder))).faults).toEqual([]);
  });

  it('takes nothing of the older generation away before the manifest of the newer one is there', async () => {
    const { store, record, steps } = await campaign();
    await steps[0]();
    await steps[1]();
    await pull(store, NAME, store.folder);
    await steps[2]();
    // as another process would that writes there
    const onFile = () => writeFileSync(join(store.folder, 'manifest.json.part'), '');
    await expect(follow(store, record, store.folder, { onFile }).next()).rejects.toThrow(`DIR: another process writes to ${join(store.folder, 'manifest.json')}: let it end, and pull again`);
    expect((await listFolder(store.folder)).filter((name) => name.startsWith('situations/')).length).toBeGreaterThan(filesOf((await readManifest(store, NAME)) as Manifest).filter(({ kind }) => kind === 'situations').length);
    const { faults } = await verify(folderSource(store.folder));
    expect(faults.filter((fault) => !fault.endsWith(': no manifest names this file'))).toEqual([]);
    for await (const pulled of follow(store, record, store.folder, { everyMs: 5 })) expect(pulled).toMatchObject({ generation: 3, bytes: 0 });
    expect((await verify(folderSource(store.folder))).faults).toEqual([]);
  });

  it('refuses to take a folder back', async () => {
    const { store, record, steps } = await campaign();
    await steps[0]();
    await steps[1]();
    await pull(store, NAME, store.folder);
    store.objects.delete(`datasets/${NAME}/manifest/000002.json`);
    await expect(follow(store, record, store.folder).next()).rejects.toThrow('holds generation 2 of "hand-made", and the store\'s last is 1; give an empty folder');
  });
});
