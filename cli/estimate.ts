import type { Command } from 'commander';
import { count, dollars, duration, short } from './figures.ts';
import { columns, Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'estimate <file>', 'calls, tokens, dollars and hours of a campaign, from sizes and stated assumptions').action(async (file: string, options: { json?: boolean }) => {
    const { readCampaignSource } = await import('../infra/campaign-source.ts');
    const { ASSUMPTIONS, estimate } = await import('./campaign/estimate.ts');
    const source = readCampaignSource(file);
    const result = estimate(source);
    const price = (usd: number | null) => (usd === null ? 'unknown: give model.price' : dollars(usd));
    const text = [
      `${source.file.name}: ${count(source.listing.situations.length)} situations (${count(source.listing.duplicates)} duplicates dropped), ${count(source.chapters.length)} chapters, model ${source.file.model.name}`,
      columns([
        ['calls', count(result.calls)],
        ['input tokens', short(result.inputTokens)],
        ['  of them chapters and rules, cacheable', short(result.cacheableTokens)],
        ['output tokens', short(result.outputTokens)],
        ['USD, plain', price(result.usdPlain)],
        ['USD, prompts cached', price(result.usdCached)],
        [`time at concurrency ${source.file.concurrency}`, duration(result.hours * 3_600)],
      ].map(([what, value]) => [`  ${what}`, value as string]), [1]),
      'assuming:',
      ...ASSUMPTIONS.map((line) => `  ${line}`),
      ...(result.pricesDate === null ? [] : [`  prices of ${result.pricesDate}`]),
    ].join('\n');
    new Output(options).result({ ...result, assumptions: ASSUMPTIONS }, text);
  });
}
