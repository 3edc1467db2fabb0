import { z } from 'zod';
import { ToolSpec } from './tools.ts';
import { Horizon, Level } from './levels.ts';
import { Task } from './situation.ts';

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{2,62}$/, '3 to 63 lower-case letters, digits and dashes');
const dollars = z.number().positive();

/** Dollars a million tokens, as providers quote them. */
export const Price = z.strictObject({
  inputPerMTok: z.number().min(0),
  outputPerMTok: z.number().min(0),
  /** For five minutes. */
  cacheWritePerMTok: z.number().min(0),
  /** For an hour; 1.6 times the price for five minutes where it is left out. */
  cacheWrite1hPerMTok: z.number().min(0).optional(),
  cacheReadPerMTok: z.number().min(0),
  /** What all of this is multiplied by for a call in a batch; unknown where it is left out. */
  batchFactor: z.number().gt(0).max(1).optional(),
});
export type Price = z.infer<typeof Price>;

/** How much depends on what the agent does. */
export const STAKES = ['low', 'medium', 'high'] as const;

/** A list that names nothing twice: its members are an axis of the grid that situations are imagined over. */
const axis = <T extends z.ZodType>(member: T) =>
  z
    .array(member)
    .min(1)
    .refine((list) => new Set(list.map((each) => JSON.stringify(each))).size === list.length, { error: 'names something twice' });

/** Situations that the model writes for the campaign's agents, over the grid agent x domain x horizon x stakes x task. */
export const ImaginedSource = z.strictObject({
  from: z.literal('imagine'),
  /** Near-duplicates are found by comparing all pairs: hence the limit. */
  count: z.int().min(1).max(10_000),
  /** What the situations are about, such as "field hospitals". */
  domains: axis(z.string().trim().min(1).max(200)),
  stakes: axis(z.enum(STAKES)).default([...STAKES]),
  tasks: axis(Task).default([...Task.options]),
  horizons: axis(Horizon),
  /** Situations asked for at once. */
  batch: z.int().min(1).max(20).default(5),
  /** Jaccard similarity of texts from which on the later one is dropped as a near-duplicate. */
  similarity: z.number().gt(0).max(1).default(0.6),
  seed: z.int().min(0).default(0),
});
export type ImaginedSource = z.infer<typeof ImaginedSource>;

export const FinerSource = z.strictObject({
  from: z.literal('campaign'),
  campaign: name,
  level: Level,
  /** By default up to two levels finer than the action's, and its own: neighbouring horizons overlap. */
  horizon: Horizon.optional(),
  count: z.int().min(1).optional(),
});
export type FinerSource = z.infer<typeof FinerSource>;

export const SituationSource = z.discriminatedUnion('from', [
  z.strictObject({ from: z.literal('world'), world: z.string(), count: z.int().min(1), seed: z.int().min(0).default(0) }),
  /** YAML or JSON, JSON lines (.jsonl, .ndjson) or Parquet (.parquet), by the file's extension. */
  z.strictObject({ from: z.literal('file'), file: z.string().min(1), count: z.int().min(1).optional() }),
  ImaginedSource,
  /** The actions at one level of a coarser campaign's final plans, each planned finer. */
  FinerSource,
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

export const Compression = z.enum(['zstd', 'lz4', 'none']);
export type Compression = z.infer<typeof Compression>;

/** Which chapters criticise a plan, and how long one may be. */
export const LibraryChoice = z
  .strictObject({
    /** Folder with library.yaml. */
    path: z.string().min(1),
    /** `all` texts; those that carry one of `tags`; or `routed`: chosen anew for each situation, from the tables of contents. */
    select: z.enum(['all', 'tags', 'routed']).default('all'),
    tags: z.array(z.string().min(1)).min(1).optional(),
    /** Texts that are read whatever else is chosen, by file name without extension. */
    always: z.array(z.string().min(1)).default([]),
    /** Longest chapter shown to the model at once, tokens: its share of the model's context. */
    chapterTokens: z.int().min(500).max(200_000).default(20_000),
  })
  .refine(({ select, tags }) => select !== 'tags' || tags !== undefined, { path: ['tags'], error: 'required with select: tags; a list of tags from library.yaml' })
  .refine(({ select, tags }) => select === 'tags' || tags === undefined, { path: ['tags'], error: 'allowed only with select: tags' });
export type LibraryChoice = z.infer<typeof LibraryChoice>;

const FAILED_SHARE = 'the share of ended situations that may fail, from 0 to below 1';
const MIN_SAMPLE = 'of how many ended situations at least, a whole number from 1';
/** A campaign stops starting situations once more than this share of at least so many ended ones have failed. */
export const StopAfter = z.strictObject(
  { failedShare: z.number(FAILED_SHARE).min(0, FAILED_SHARE).lt(1, FAILED_SHARE), minSample: z.int(MIN_SAMPLE).min(1, MIN_SAMPLE) },
  'failedShare and minSample, such as {failedShare: 0.2, minSample: 20}, or left out',
);
export type StopAfter = z.infer<typeof StopAfter>;

/** How calls reach the model: one by one, or many in a batch that may take a day and costs less. */
export const Mode = z.enum(['interactive', 'batch']);
export type Mode = z.infer<typeof Mode>;

/** The campaign file that users write. Paths are relative to the file. */
export const CampaignFile = z.strictObject({
  name,
  model: z.strictObject({
    name: z.string().min(1),
    maxOutputTokens: z.int().min(256).max(64_000).default(8_000),
    /** How long the provider keeps a chapter in its cache. `auto`: five minutes, and an hour for chapters that lapsed between two uses. */
    cacheTtl: z.enum(['auto', '5m', '1h']).default('auto'),
    /** Only for models that the price table does not know. */
    price: Price.optional(),
    /** `interactive` where it is left out. */
    mode: Mode.optional(),
  }),
  situations: SituationSource,
  agents: z.array(z.string().min(1)).min(1),
  library: LibraryChoice,
  /** What the actor may call while it criticises and revises. */
  tools: z.array(ToolSpec).default([]),
  actor: ActorParameters.prefault({}),
  /** Situations under way at once. What is above the workers' slots waits for one. */
  concurrency: z.int().min(1).max(10_000).default(8),
  /** Hard cap in USD; required unless the model is simulated. */
  budget: dollars.optional(),
  /** Off where it is left out: a campaign then runs to its end, however many situations fail. */
  stopAfter: StopAfter.optional(),
  pageSize: z.int().min(1).max(256).default(256),
  splits: Splits.default({ train: 0.9, validation: 0.05, test: 0.05 }),
  seed: z.int().min(0).default(0),
  sample: z.int().min(0).default(0),
  /** How long retryable failures are retried, such as 30m or 24h. */
  patience: z.string().regex(/^\d+(s|m|h)$/, 'a number followed by s, m or h').default('24h'),
  compression: Compression.default('zstd'),
});
export type CampaignFile = z.infer<typeof CampaignFile>;
