import { join } from 'node:path';
import { expect, test } from 'vitest';
import { estimate } from '../../../cli/campaign/estimate.ts';
import { readCampaignSource } from '../../../infra/campaign-source.ts';
import { writeFiles } from '../files.ts';

const source = (campaign: Parameters<typeof writeFiles>[0] = {}) => readCampaignSource(join(writeFiles(campaign), 'campaign.yaml'));

test('one situation and one chapter give the calls that the assumptions say', () => {
  // draft 1 + critiques 2.5 + revisions 2.5 x 0.3 + for each of 2 alternatives an explanation and a critique
  expect(estimate(source()).calls).toBe(Math.round(1 + 2.5 + 0.75 + 2 * 2));
  expect(estimate(source({ campaign: (file) => ({ ...file, actor: { alternatives: 0 } }) })).calls).toBe(Math.round(1 + 2.5 + 0.75));
});

test('output tokens are those of the calls', () => {
  expect(estimate(source()).outputTokens).toBe(2_500 + 4.5 * 350 + 0.75 * 1_500 + 2 * 700);
});

test('dollars follow the price in the file', () => {
  const priced = (inputPerMTok: number, outputPerMTok: number) =>
    estimate(source({ campaign: (file) => ({ ...file, model: { name: 'own', price: { inputPerMTok, outputPerMTok, cacheWritePerMTok: inputPerMTok, cacheReadPerMTok: inputPerMTok } } }) }));
  const { inputTokens, outputTokens, usdPlain } = priced(0, 10);
  expect(usdPlain).toBeCloseTo((outputTokens * 10) / 1e6, 9);
  expect(priced(2, 0).usdPlain).toBeCloseTo((inputTokens * 2) / 1e6, 5);
  // a cache that costs what plain input costs changes nothing
  expect(priced(2, 10).usdCached).toBeCloseTo(priced(2, 10).usdPlain as number, 9);
});

test('an unknown price is null, never zero', () => {
  expect(estimate(source({ campaign: (file) => ({ ...file, model: { name: 'own-model' } }) }))).toMatchObject({ usdPlain: null, usdCached: null, pricesDate: null });
});
