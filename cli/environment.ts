import { join } from 'node:path';
import { readPrices } from '../activities/prices.ts';
import { readConfig, type Config } from '../infra/config.ts';
import type { PriceTable } from '../schemas/prices.ts';
import { environment } from './variables.ts';

/** Folder with the state of the local services. */
export function stateFolder(): string {
  return environment()['EXEMPLAR_DIR'] ?? join(process.cwd(), '.exemplar');
}

/** Configuration from environment, `.env` and the local services. A part that is asked for @throws UsageError naming the variable to set. */
export function configured(): Config {
  return readConfig(stateFolder(), environment());
}

/** The user's price table, named by EXEMPLAR_PRICES, or the one that comes with the program. @throws UsageError naming the field that is wrong. */
export function priceTable(): PriceTable {
  return readPrices(environment()['EXEMPLAR_PRICES']);
}
