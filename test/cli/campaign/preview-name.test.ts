import { expect, test } from 'vitest';
import { isPreview, previewName } from '../../../cli/campaign/preview-name.ts';
import { CampaignFile } from '../../../schemas/campaign.ts';

const PRICE = { inputPerMTok: 1, outputPerMTok: 2, cacheWritePerMTok: 1, cacheReadPerMTok: 1 };
const FILE = { name: 'typed', model: { name: 'own' }, situations: { from: 'world', world: 'relief', count: 3 }, agents: ['a.yaml'], library: { path: '.' } };

const named = (change: Record<string, unknown> = {}) => previewName(CampaignFile.parse({ ...FILE, ...change }), { model: 'hash' }, 3);

test.each([
  { model: { name: 'own', price: PRICE } },
  { model: { name: 'own', cacheTtl: '1h' } },
  { patience: '1h' },
  { compression: 'none' },
])('a change to %j, which an opened campaign refuses, gives the preview another name', (change) => {
  expect(named(change)).not.toBe(named());
  expect(isPreview(named(change))).toBe(true);
});

test.each([{ concurrency: 3 }, { budget: 5 }])('a change to %j keeps the name', (change) => {
  expect(named(change)).toBe(named());
});
