import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readCampaignSource } from '../../infra/campaign-source.ts';
import { openCampaign } from '../../infra/campaign-opening.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import { objectKey } from '../../schemas/keys.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { situation, writeCampaign } from '../harness/campaigns.ts';
import { prose } from './library/books.ts';

const PROVIDER = { origin: 'http://stage', simulated: 'law', identity: 'simulated:law' };
const BOOK = `# Book\n\n${Array.from({ length: 6 }, (_, i) => `## ${i + 1} Part\n\n${prose(i, 6_000).join('\n\n')}\n\n`).join('')}`;

/** A campaign over one long text; `library` changes its choice. */
function campaignFile(library: Record<string, unknown> = {}, name = 'long-text'): string {
  const path = writeCampaign([situation(1)], 1, { name, library: { path: '.', chapterTokens: 2_000, ...library } });
  writeFileSync(join(dirname(path), 'text-1.md'), BOOK);
  const text = { file: 'text-1.md', title: 'Text 1', licence: 'CC0-1.0', sha256: sha256Hex(BOOK), tags: ['core'] };
  writeFileSync(join(dirname(path), 'library.yaml'), JSON.stringify({ texts: [text] }));
  return path;
}

function counter(density: number) {
  const asked: string[] = [];
  return { asked, count: (_model: string, block: string) => Promise.resolve(Math.ceil(asked.push(block) * 0 + Buffer.byteLength(block) / density)) };
}
const open = async (store: MemoryStore, path: string, count: ReturnType<typeof counter>['count'] | null) => await openCampaign(store, await readCampaignSource(path), PROVIDER, 'schema', count);

test('a new campaign records its chapters as the provider counts them, and stores their texts', async () => {
  const store = new MemoryStore();
  const { campaign } = await open(store, campaignFile(), counter(2.5).count);
  expect(campaign.chapters.map(({ chapter }) => chapter)).toEqual(Array.from({ length: 12 }, (_, i) => `${Math.floor(i / 2) + 1} Part, part ${(i % 2) + 1} of 2`));
  for (const { tokens, counted } of campaign.chapters) expect({ counted, fits: tokens <= 2_000 }).toEqual({ counted: true, fits: true });
  const texts = await Promise.all(campaign.chapters.map(({ sha256 }) => store.get(objectKey(sha256))));
  expect(Buffer.concat(texts.map((text) => text as Uint8Array)).toString()).toBe(BOOK);
});

test('a second run asks nothing and keeps the cut, even where the counter is gone or counts otherwise', async () => {
  const store = new MemoryStore();
  const path = campaignFile();
  const { campaign } = await open(store, path, counter(2.5).count);
  const later = counter(5);
  expect(await open(store, path, later.count)).toEqual({ how: 'attached', campaign });
  expect(await open(store, path, null)).toEqual({ how: 'attached', campaign });
  expect(later.asked).toEqual([]);
});

test('another campaign over the same text asks nothing either: the counts are kept', async () => {
  const store = new MemoryStore();
  await open(store, campaignFile(), counter(2.5).count);
  const later = counter(2.5);
  await open(store, campaignFile({}, 'second'), later.count);
  expect(later.asked).toEqual([]);
});

test('another length of chapters is another campaign', async () => {
  const store = new MemoryStore();
  await open(store, campaignFile(), null);
  await expect(open(store, campaignFile({ chapterTokens: 9_000 }), null)).rejects.toThrow(/library differs from the campaign "long-text".*long-text-2/);
});

test('a choice by tags or by routing is another campaign, even over the same chapters', async () => {
  const store = new MemoryStore();
  await open(store, campaignFile({ select: 'tags', tags: ['core'] }), null);
  await expect(open(store, campaignFile({ select: 'routed' }), null)).rejects.toThrow('library differs');
  await expect(open(store, campaignFile({ select: 'tags', tags: ['core'], always: ['text-1'] }), null)).rejects.toThrow('library differs');
  expect((await open(store, campaignFile({ select: 'tags', tags: ['core'] }), null)).how).toBe('attached');
});

test('a choice of all texts keeps the hash that campaigns had before there was a choice', async () => {
  const store = new MemoryStore();
  const { campaign } = await open(store, writeCampaign([situation(1)], 1, { name: 'old-hash' }), null);
  const text = readFileSync(join(dirname(writeCampaign([situation(1)], 1, {})), 'text-1.md'), 'utf8');
  const shown = `[{"chapter":"whole","sha256":"${sha256Hex(text)}","textbook":"text-1","title":"Text 1"}]`;
  expect(campaign.parts['library']).toBe(sha256Hex(shown));
});

test('an unknown tag is one line that names those there are', async () => {
  await expect(readCampaignSource(campaignFile({ select: 'tags', tags: ['croe'] }))).rejects.toThrow(/campaign\.yaml: library\.tags\.0: no text has the tag "croe"; there are core$/);
});

const PRICE = { inputPerMTok: 1, outputPerMTok: 2, cacheWritePerMTok: 1, cacheReadPerMTok: 1 };
const MODEL = { name: 'own', maxOutputTokens: 1_000, price: PRICE };

test.each([
  ['a price', { model: { ...MODEL, price: { ...PRICE, outputPerMTok: 3 } } }, /: model\.price differs from/],
  ['a price left out', { model: { name: 'own', maxOutputTokens: 1_000 } }, /: model\.price differs from/],
  ['a time in the cache', { model: { ...MODEL, cacheTtl: '1h' } }, /: model\.cacheTtl differs from .* \(was auto, is 1h\)/],
  ['patience', { patience: '1h' }, /: patience differs from .* \(was 24h, is 1h\)/],
  ['compression', { compression: 'none' }, /: compression differs from .* \(was zstd, is none\)/],
  ['several', { patience: '1h', compression: 'none', seed: 3 }, /: seed, compression, patience differ from/],
])('%s that changes under a campaign is refused by name, with a free one', async (_name, change, message) => {
  const store = new MemoryStore();
  const first = writeCampaign([situation(1)], 1, { name: 'unchanged', model: MODEL });
  const { campaign } = await open(store, first, null);
  const refusal = await open(store, writeCampaign([situation(1)], 1, { name: 'unchanged', model: MODEL, ...change }), null).then(() => 'not refused', (error: Error) => error.message);
  expect(refusal).toMatch(message);
  expect(refusal).toMatch(/from the campaign "unchanged" that exists.*; choose another name, such as unchanged-2$/);
  expect(await open(store, first, null)).toEqual({ how: 'attached', campaign });
});
