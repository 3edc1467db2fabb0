import type { Command } from 'commander';
import type { CampaignSource } from '../infra/campaign-source.ts';
import type { Estimate } from './campaign/estimate.ts';
import type { Taken } from './campaign/measured.ts';
import { count, counted, dollars, duration, short } from './figures.ts';
import { columns, Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'estimate <file>', 'calls, tokens, dollars and hours of a campaign: measured on what was previewed or run of it, else from stated assumptions').action(async (file: string, options: { json?: boolean }) => {
    const { readCampaignSource } = await import('../infra/campaign-source.ts');
    const { priceTable } = await import('./environment.ts');
    const { ASSUMPTIONS, estimate } = await import('./campaign/estimate.ts');
    const output = new Output(options);
    const { source, taken } = await known(await readCampaignSource(file, priceTable()));
    const result = estimate(source, taken);
    const price = (usd: number | null) => (usd === null ? 'unknown: give model.price' : dollars(usd));
    const batchPrice = ({ usdPlain, usdBatch }: Estimate) => (usdPlain !== null && usdBatch === null ? 'unknown: give model.price.batchFactor' : price(usdBatch));
    const within = result.callsWithin === null ? ' (too few to say how far off it may be)' : ` (± ${Math.round(100 * result.callsWithin)} % with 95 % confidence)`;
    const basis =
      result.measuredOn > 0
        ? [`measured on ${counted(result.measuredOn, 'situation')} of it${within}; speed is assumed: ${ASSUMPTIONS.at(-1)}`]
        : [`assuming (\`exemplar preview ${file} -n 24\` measures instead):`, ...ASSUMPTIONS.map((line) => `  ${line}`)];
    const text = [
      `${source.file.name}: ${counted(result.situations, 'situation')} (${count(source.listing.duplicates)} duplicates dropped), ${counted(source.chapters.length, 'chapter')}, model ${source.file.model.name}`,
      columns([
        ['calls', count(result.calls)],
        ['input tokens', short(result.inputTokens)],
        ['  of them chapters and rules, cacheable', short(result.cacheableTokens)],
        ['output tokens', short(result.outputTokens)],
        ['USD, plain', price(result.usdPlain)],
        ['USD, prompts cached', price(result.usdCached)],
        ['USD, in batches, nothing cached', batchPrice(result)],
        [`time at concurrency ${source.file.concurrency}`, duration(result.hours * 3_600)],
      ].map(([what, value]) => [`  ${what}`, value as string]), [1]),
      ...basis,
      ...(result.pricesDate === null ? [] : [`prices of ${result.pricesDate}`]),
    ].join('\n');
    output.result({ ...result, assumptions: result.measuredOn > 0 ? [] : ASSUMPTIONS }, text);
  });
}

/** What the object store adds: what was measured, and the situations that a coarser campaign opens. An estimate of another kind needs no store. */
async function known(source: CampaignSource): Promise<{ source: CampaignSource; taken: Taken[] }> {
  const { openStore } = await import('./datasets.ts');
  const { CampaignReader } = await import('../activities/campaign-reader.ts');
  const { readTaken } = await import('./campaign/measured.ts');
  const { withFiner } = await import('./campaign/situations.ts');
  try {
    const store = openStore();
    const reader = new CampaignReader(store);
    const full = await withFiner({ store, reader }, source);
    return { source: full, taken: await readTaken(reader, full) };
  } catch (error) {
    if (source.file.situations.from === 'campaign') throw error;
    return { source, taken: [] };
  }
}
