import { z } from 'zod';

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{2,62}$/, '3 to 63 lower-case letters, digits and dashes');
const dollars = z.number().positive();

/** Dollars a million tokens, as providers quote them. */
export const Price = z.strictObject({
  inputPerMTok: z.number().min(0),
  outputPerMTok: z.number().min(0),
  cacheWritePerMTok: z.number().min(0),
  cacheReadPerMTok: z.number().min(0),
});
export type Price = z.infer<typeof Price>;

export const SituationSource = z.discriminatedUnion('from', [
  z.strictObject({ from: z.literal('world'), world: z.string(), count: z.int().min(1), seed: z.int().min(0).default(0) }),
  z.strictObject({ from: z.literal('file'), file: z.string().min(1), count: z.int().min(1).optional() }),
]);
export type SituationSource = z.infer<typeof SituationSource>;

export const ActorParameters = z.strictObject({
  /** Passes over the selection before a situation counts as unconverged (re-opened ones included). */
  maxPasses: z.int().min(1).max(50).default(6),
  /** Alternative explanations tried in verification. */
  alternatives: z.int().min(0).max(5).default(2),
  maxReopen: z.int().min(0).max(10).default(2),
  /** Relative change of a characteristic that counts as material. */
  tolerance: z.number().min(0).max(1).default(0.05),
  hazardPolicy: z.enum(['exclude-existential-adversaries', 'none']).default('exclude-existential-adversaries'),
});
export type ActorParameters = z.infer<typeof ActorParameters>;

export const Splits = z
  .strictObject({ train: z.number().min(0).max(1), validation: z.number().min(0).max(1), test: z.number().min(0).max(1) })
  .refine((s) => Math.abs(s.train + s.validation + s.test - 1) < 1e-9, { error: 'train, validation and test must sum to 1' });
export type Splits = z.infer<typeof Splits>;
export const SPLITS = ['train', 'validation', 'test'] as const;
export type Split = (typeof SPLITS)[number];

export const Compression = z.enum(['zstd', 'none']);
export type Compression = z.infer<typeof Compression>;

/** The campaign file that users write. Paths are relative to the file. */
export const CampaignFile = z.strictObject({
  name,
  model: z.strictObject({
    name: z.string().min(1),
    maxOutputTokens: z.int().min(256).max(64_000).default(8_000),
    /** Only for models that the price table does not know. */
    price: Price.optional(),
  }),
  situations: SituationSource,
  agents: z.array(z.string().min(1)).min(1),
  library: z.strictObject({ path: z.string().min(1), select: z.literal('all').default('all') }),
  actor: ActorParameters.prefault({}),
  concurrency: z.int().min(1).max(1000).default(8),
  /** Hard cap in USD; required unless the model is simulated. */
  budget: dollars.optional(),
  pageSize: z.int().min(1).max(256).default(256),
  splits: Splits.default({ train: 0.9, validation: 0.05, test: 0.05 }),
  seed: z.int().min(0).default(0),
  sample: z.int().min(0).default(0),
  /** How long retryable failures are retried, such as 30m or 24h. */
  patience: z.string().regex(/^\d+(s|m|h)$/, 'a number followed by s, m or h').default('24h'),
  compression: Compression.default('zstd'),
});
export type CampaignFile = z.infer<typeof CampaignFile>;

/** What one training run reads and does (`exemplar train FILE`). */
export const TrainFile = z.strictObject({
  name,
  /** The campaign whose manifest is read. */
  campaign: name,
  generation: z.int().min(1).optional(),
  seed: z.int().min(0).default(0),
  epochs: z.int().min(1).default(20),
  batchGroups: z.int().min(1).default(8),
  learningRate: z.number().positive().default(3e-4),
  checkpointEverySteps: z.int().min(1).default(50),
});
export type TrainFile = z.infer<typeof TrainFile>;
