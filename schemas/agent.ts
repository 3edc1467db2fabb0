import { z } from 'zod';
import { Unit } from './units.ts';

const Range = z
  .strictObject({ quantity: z.string().min(1), min: z.number(), max: z.number(), unit: Unit })
  .refine((range) => range.min <= range.max, { error: 'min must not exceed max', path: ['min'] });

/**
 * The agent's design specification: the "ego model" that the exemplary actor reasons from.
 * It holds no costs or weights: intrinsic needs and moral considerations are weighed together by the texts.
 */
export const AgentSpec = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and dashes'),
  description: z.string().min(1),
  body: z.strictObject({
    sensors: z.array(z.string().min(1)),
    actuators: z.array(z.string().min(1)),
    powerW: z.number().positive(),
    massKg: z.number().positive(),
  }),
  operating: z.array(Range),
  needs: z.array(z.string().min(1)),
  duties: z.array(z.string().min(1)),
});
export type AgentSpec = z.infer<typeof AgentSpec>;
