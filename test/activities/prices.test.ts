import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { priceIn, priceOf, quoteOf, readPrices } from '../../activities/prices.ts';
import { costOf } from '../../activities/pricing.ts';
import { campaignRecord } from './shards/dataset.ts';

const MODEL = { maxOutputTokens: 1_000, cacheTtl: 'auto' as const };
const OWN = { inputPerMTok: 2, outputPerMTok: 8, cacheWritePerMTok: 3, cacheReadPerMTok: 1 };

test("each kind of token has a price of its own, as the provider's page states it: a batch costs half of everything", () => {
  const quote = quoteOf({ ...MODEL, name: 'claude-sonnet-4-5-20250929' });
  expect(quote).toMatchObject({ date: expect.stringMatching(/^20\d\d-\d\d-\d\d$/) as string, source: expect.stringContaining('https://') as string });
  expect(priceIn(quote)).toMatchObject({ inputPerMTok: 3, outputPerMTok: 15, cacheWritePerMTok: 3.75, cacheWrite1hPerMTok: 6, cacheReadPerMTok: 0.3 });
  const usage = { inputTokens: 1_000_000, outputTokens: 100_000, cacheReadTokens: 2_000_000, cacheWriteTokens: 30_000, cacheWrite1hTokens: 10_000 };
  // 3 + 1.5 + 0.6 + 0.075 + 0.06 USD
  expect(costOf(usage, priceIn(quote))).toBe(5_235_000_000);
  expect(costOf(usage, priceIn(quote, 'batch'))).toBe(5_235_000_000 / 2);
});

test('an unknown price stays unknown: that of a model, and that of batches at a price of the file', () => {
  expect(priceIn(quoteOf({ ...MODEL, name: 'claude-of-tomorrow' }))).toBeNull();
  const own = quoteOf({ ...MODEL, name: 'claude-opus-5', price: OWN });
  expect(own).toMatchObject({ date: null, price: OWN });
  expect(priceIn(own)).toEqual(OWN);
  expect(priceIn(own, 'batch')).toBeNull();
  expect(priceIn(quoteOf({ ...MODEL, name: 'm', price: { ...OWN, batchFactor: 0.25 } }), 'batch')).toMatchObject({ inputPerMTok: 0.5, outputPerMTok: 2 });
});

test('a campaign keeps the price that it began with, whatever the table says later', async () => {
  const campaign = await campaignRecord();
  const file = { ...campaign.file, model: { ...MODEL, name: 'claude-opus-5' } };
  const begun = { price: { ...OWN, batchFactor: 0.5 }, date: '2020-01-01', source: 'an old list' };
  expect(priceOf({ file, quote: begun })).toEqual(begun.price);
  expect(priceOf({ file })).toMatchObject({ inputPerMTok: 5 });
});

test("a user's own table takes the place of the one shipped, and a fault in it is named", () => {
  const path = join(mkdtempSync(join(tmpdir(), 'prices-')), 'prices.yaml');
  writeFileSync(path, JSON.stringify({ date: '2026-11-01', source: 'our contract', models: { own: OWN } }));
  expect(quoteOf({ ...MODEL, name: 'own' }, readPrices(path))).toEqual({ price: OWN, date: '2026-11-01', source: 'our contract' });
  writeFileSync(path, JSON.stringify({ date: 'yesterday', source: 'our contract', models: { own: OWN } }));
  expect(() => readPrices(path)).toThrow(/prices\.yaml: date: /);
  writeFileSync(path, JSON.stringify({ date: '2026-11-01', source: 'our contract', models: { own: { ...OWN, batchFactor: 2 } } }));
  expect(() => readPrices(path)).toThrow(/prices\.yaml: models\.own\.batchFactor: /);
});
