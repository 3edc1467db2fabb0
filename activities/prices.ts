import { join } from 'node:path';
import { packageRoot } from '../infra/package-root.ts';
import { readFileAs } from '../infra/read-file.ts';
import type { CampaignFile, Mode, Price } from '../schemas/campaign.ts';
import { PriceTable, type Quote } from '../schemas/prices.ts';
import type { CampaignRecord } from '../schemas/records.ts';

const SHIPPED = join(packageRoot, 'activities', 'prices.json');

let shipped: PriceTable | undefined;

/** The table that comes with the program, or the one in the file at `path`. @throws UsageError naming the field of a file that is none. */
export function readPrices(path?: string): PriceTable {
  if (path !== undefined && path !== '') return readFileAs(path, PriceTable);
  shipped ??= readFileAs(SHIPPED, PriceTable);
  return shipped;
}

/** What a model costs: by the campaign file itself, else by the table. */
export function quoteOf(model: CampaignFile['model'], table: PriceTable = readPrices()): Quote {
  if (model.price !== undefined) return { price: model.price, date: null, source: 'the campaign file' };
  const { models, date, source } = table;
  return { price: models[model.name] ?? models[model.name.replace(/-\d{8}$/, '')] ?? null, date, source };
}

/** The price list in one mode of calling; null where the price, or what a batch costs of it, is unknown. */
export function priceIn({ price }: Quote, mode: Mode = 'interactive'): Price | null {
  if (price === null || mode === 'interactive') return price;
  const { batchFactor } = price;
  if (batchFactor === undefined) return null;
  return {
    inputPerMTok: batchFactor * price.inputPerMTok,
    outputPerMTok: batchFactor * price.outputPerMTok,
    cacheWritePerMTok: batchFactor * price.cacheWritePerMTok,
    ...(price.cacheWrite1hPerMTok === undefined ? {} : { cacheWrite1hPerMTok: batchFactor * price.cacheWrite1hPerMTok }),
    cacheReadPerMTok: batchFactor * price.cacheReadPerMTok,
    batchFactor: 1,
  };
}

/** What a campaign's calls are booked at: the quote that it began with; campaigns older than quotes go by today's table. */
export function priceOf({ file, quote }: Pick<CampaignRecord, 'file' | 'quote'>, mode: Mode = 'interactive'): Price | null {
  return priceIn(quote ?? quoteOf(file.model), mode);
}

/** Where a price is from, in a few words. */
export function quoteSource({ date, source }: Pick<Quote, 'date' | 'source'>): string {
  return date === null ? source : `${source}, ${date}`;
}
