import { z } from 'zod';
import { Price } from './campaign.ts';

/** What models cost, as a provider's price list said on one day. Model names match with or without a date suffix. */
export const PriceTable = z.strictObject({
  /** Day on which the table was read from its source. */
  date: z.iso.date(),
  source: z.string().min(1),
  models: z.record(z.string(), Price),
});
export type PriceTable = z.infer<typeof PriceTable>;

/** The price that a campaign began with, and where it is from: frozen, so that no later table changes what its calls are booked at. */
export const Quote = z.strictObject({
  /** null: unknown. */
  price: Price.nullable(),
  /** Day of the table; null where the campaign file names the price itself. */
  date: z.iso.date().nullable(),
  source: z.string(),
});
export type Quote = z.infer<typeof Quote>;
