import { expect, test } from 'vitest';
import type { ModelRequest } from '../../activities/model.ts';
import { costOf, grantEstimate, HIDDEN_TOKENS, reservationOf } from '../../activities/pricing.ts';
import { CampaignRecord } from '../../schemas/records.ts';
import { campaignRecord } from './shards/dataset.ts';

const PRICE = { inputPerMTok: 1, outputPerMTok: 10, cacheWritePerMTok: 2, cacheReadPerMTok: 0.5 };
const REQUEST: ModelRequest = {
  model: 'm',
  maxTokens: 100,
  system: [{ text: 'rules' }, { text: 'é'.repeat(1_000) }],
  turns: [{ role: 'user', blocks: [{ text: 'plan' }] }],
  schema: {},
  structured: 'schema',
};
/** rules, plan and the empty schema. */
const REST = 5 + 4 + 2;

test('without a count every UTF-8 byte is a token', () => {
  expect(reservationOf(REQUEST, PRICE)).toBe(1_000 * ((REST + 2_000 + HIDDEN_TOKENS) * 2 + 100 * 10));
});

test('a counted chapter costs its tokens, the rest its bytes', () => {
  expect(reservationOf(REQUEST, PRICE, '5m', 321)).toBe(1_000 * ((REST + 321 + HIDDEN_TOKENS) * 2 + 100 * 10));
  // a record older than the counting
  expect(reservationOf(REQUEST, PRICE, '5m', 0)).toBe(reservationOf(REQUEST, PRICE));
});

test('where an hour in the cache may be chosen, its price is reserved', () => {
  const input = (price: number) => 1_000 * ((REST + 2_000 + HIDDEN_TOKENS) * price + 100 * 10);
  expect(reservationOf(REQUEST, PRICE, 'auto')).toBe(input(3.2));
  expect(reservationOf(REQUEST, { ...PRICE, cacheWrite1hPerMTok: 5 }, '1h')).toBe(input(5));
  expect(reservationOf(REQUEST, { ...PRICE, inputPerMTok: 9 }, '1h')).toBe(input(9));
});

test('tools that are offered are paid for', () => {
  const tools = [{ name: 'compute', description: 'd', inputSchema: {} }];
  expect(reservationOf({ ...REQUEST, tools }, PRICE) - reservationOf(REQUEST, PRICE)).toBe(1_000 * 2 * JSON.stringify(tools).length);
});

test('an answer costs what each kind of its tokens costs', () => {
  const usage = { inputTokens: 10, outputTokens: 20, cacheReadTokens: 30, cacheWriteTokens: 40, cacheWrite1hTokens: 15 };
  expect(costOf(usage, PRICE)).toBe(1_000 * (10 * 1 + 20 * 10 + 30 * 0.5 + 25 * 2 + 15 * 3.2));
  expect(costOf({ ...usage, cacheReadTokens: null, cacheWriteTokens: null, cacheWrite1hTokens: null }, PRICE)).toBe(1_000 * 210);
  expect(costOf({ ...usage, outputTokens: null }, PRICE)).toBeNull();
  expect(costOf(usage, null)).toBeNull();
});

test('a grant is sized by the longest chapter as counted, and by the chapters that a pass reads', async () => {
  const record = await campaignRecord();
  const chapter = { ...record.chapters[0], chars: 50_000 };
  const campaign = (tokens: number, counted: boolean, n: number, select: 'all' | 'routed') =>
    CampaignRecord.parse({
      ...record,
      file: { ...record.file, model: { name: 'm', price: PRICE, cacheTtl: '5m' }, library: { path: 'l', select } },
      chapters: Array.from({ length: n }, () => ({ ...chapter, tokens, counted })),
    });
  const usual = grantEstimate(campaign(25_000, false, 4, 'all'));
  expect(usual - grantEstimate(campaign(12_000, true, 4, 'all'))).toBeCloseTo(1_000 * (50_000 - 12_000) * 2 * (1 + 0.3 * 4), -1);
  expect(grantEstimate(campaign(0, false, 4, 'all'))).toBe(usual);
  expect(grantEstimate(campaign(25_000, false, 400, 'routed'))).toBe(grantEstimate(campaign(25_000, false, 8, 'all')));
});
