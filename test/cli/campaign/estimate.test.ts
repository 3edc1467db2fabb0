import { join } from 'node:path';
import { expect, test } from 'vitest';
import { estimate } from '../../../cli/campaign/estimate.ts';
import { readCampaignSource } from '../../../infra/campaign-source.ts';
import { writeFiles } from '../files.ts';

const source = (campaign: Parameters<typeof writeFiles>[0] = {}) => readCampaignSource(join(writeFiles(campaign), 'campaign.yaml'));

test('one situation and one chapter give the calls that the assumptions say', async () => {
  // draft 1 + critiques 2.5 + revisions 2.5 x 0.3 + for each of 2 alternatives an explanation and a critique
  expect(estimate(await source()).calls).toBe(Math.round(1 + 2.5 + 0.75 + 2 * 2));
  expect(estimate(await source({ campaign: (file) => ({ ...file, actor: { alternatives: 0 } }) })).calls).toBe(Math.round(1 + 2.5 + 0.75));
});

test('output tokens are those of the calls', async () => {
  expect(estimate(await source()).outputTokens).toBe(2_500 + 4.5 * 350 + 0.75 * 1_500 + 2 * 700);
});

test('dollars follow the price in the file', async () => {
  const priced = async (inputPerMTok: number, outputPerMTok: number) =>
    estimate(await source({ campaign: (file) => ({ ...file, model: { name: 'own', price: { inputPerMTok, outputPerMTok, cacheWritePerMTok: inputPerMTok, cacheReadPerMTok: inputPerMTok } } }) }));
  const { inputTokens, outputTokens, usdPlain } = await priced(0, 10);
  expect(usdPlain).toBeCloseTo((outputTokens * 10) / 1e6, 9);
  expect((await priced(2, 0)).usdPlain).toBeCloseTo((inputTokens * 2) / 1e6, 5);
  // a cache that costs what plain input costs changes nothing
  expect((await priced(2, 10)).usdCached).toBeCloseTo((await priced(2, 10)).usdPlain as number, 9);
});

test('an unknown price is null, never zero', async () => {
  expect(estimate(await source({ campaign: (file) => ({ ...file, model: { name: 'own-model' } }) }))).toMatchObject({ usdPlain: null, usdCached: null, pricesDate: null });
});
