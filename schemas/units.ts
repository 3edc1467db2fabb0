import { z } from 'zod';

/** Units that resources and operating ranges may carry; "1" counts things. */
export const UNITS = [
  '1', 's', 'min', 'h', 'd',
  'W', 'kW', 'J', 'kJ', 'Wh', 'kWh', 'V', 'A', 'Ah',
  'g', 'kg', 't', 'mm', 'cm', 'm', 'km', 'm2', 'mL', 'L', 'm3',
  'm/s', 'km/h', 'N', 'Pa', 'kPa', 'degC', 'K', '%', 'lx', 'dB', 'ppm', 'Mbit', 'Mbit/s',
  'person', 'personh', 'USD', 'EUR',
] as const;

export const Unit = z.enum(UNITS);
export type Unit = z.infer<typeof Unit>;
