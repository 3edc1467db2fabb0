import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ASSUMPTIONS, estimate } from '../../../cli/campaign/estimate.ts';
import { readCampaignSource } from '../../../infra/campaign-source.ts';
import { sha256Hex } from '../../../schemas/canonical.ts';
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

/** A library of so many texts of one chapter. */
async function routed(texts: number, library: Record<string, unknown>) {
  const folder = writeFiles({ campaign: (file) => ({ ...file, library: { path: '.', ...library } }) });
  const listed = Array.from({ length: texts }, (_, i) => ({ file: `${i}.md`, title: 'T', licence: 'CC0-1.0', text: `# T\n\nwords of ${i}\n` }));
  for (const { file, text } of listed) writeFileSync(join(folder, file), text);
  writeFileSync(join(folder, 'library.yaml'), JSON.stringify({ texts: listed.map(({ text, ...entry }) => ({ ...entry, sha256: sha256Hex(text) })) }));
  return estimate(await readCampaignSource(join(folder, 'campaign.yaml')));
}

test('a routed campaign reads a usual choice of its chapters, after one call that chooses', async () => {
  const [all, few, many] = await Promise.all([routed(8, {}), routed(8, { select: 'routed' }), routed(40, { select: 'routed' })]);
  expect(few.calls).toBe(all.calls + 1);
  expect(few.outputTokens).toBe(all.outputTokens + 250);
  expect(few.inputTokens).toBeGreaterThan(all.inputTokens);
  expect({ calls: many.calls, output: many.outputTokens }).toEqual({ calls: few.calls, output: few.outputTokens });
  // a longer table of contents, no more chapters
  expect(many.cacheableTokens - few.cacheableTokens).toBeGreaterThan(0);
  expect(many.cacheableTokens).toBeLessThan(1.1 * few.cacheableTokens);
  expect((await routed(40, { select: 'routed', always: ['0', '1'] })).calls).toBe(Math.round(many.calls + 2 * (2.5 * 1.3 + 2)));
});

test('the assumptions say what is taken for routing and for tools', () => {
  expect(ASSUMPTIONS.filter((line) => /routed/.test(line))).toHaveLength(1);
  expect(ASSUMPTIONS.filter((line) => /tool/.test(line))).toHaveLength(1);
});

test('what was measured is extrapolated, with an interval where there are enough situations for one', async () => {
  const taken = (calls: number) => ({ calls, freshTokens: 10 * calls, cachedTokens: 100 * calls, outputTokens: calls });
  const of = await source();
  const few = estimate(of, [taken(30), taken(50)]);
  expect(few).toMatchObject({ measuredOn: 2, calls: 40, outputTokens: 40, inputTokens: 4_400, callsWithin: null });
  // mean 40, standard deviation sqrt(250), t of four degrees of freedom 2.776
  const enough = estimate(of, [20, 30, 40, 50, 60].map(taken));
  expect(enough.callsWithin).toBeGreaterThan((0.98 * 2.776 * Math.sqrt(250 / 5)) / 40);
  expect(enough.callsWithin).toBeLessThan((1.02 * 2.776 * Math.sqrt(250 / 5)) / 40);
});
