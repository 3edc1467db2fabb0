import { z } from 'zod';
import { AgentSpec } from './agent.ts';
import { SPLITS, Splits } from './campaign.ts';
import { Sha256 } from './library.ts';
import { Quote } from './prices.ts';
import { OUTCOMES } from './records.ts';

/** Version of the Arrow columns; a reader refuses a newer one. */
export const SCHEMA_VERSION = 1;

export const FileEntry = z.strictObject({
  kind: z.enum(['data', 'situations', 'ledger']),
  /** null for ledger files. */
  split: z.enum(SPLITS).nullable(),
  page: z.int().min(0),
  /** Key relative to `datasets/<campaign>/`. */
  key: z.string().regex(/^(data|situations|ledger)\/[a-z0-9-]+\.arrow$/),
  sha256: Sha256,
  bytes: z.int().min(0),
  rows: z.int().min(0),
  /** Of data files: situations with a positive and at least one negative, on whatever branch. Absent in earlier generations, as is `pairs`. */
  groups: z.int().min(0).optional(),
  /** Negatives of those situations. */
  pairs: z.int().min(0).optional(),
});
export type FileEntry = z.infer<typeof FileEntry>;

export const OutcomeCounts = z.record(z.enum([...OUTCOMES, 'waiting']), z.int().min(0));
export type OutcomeCounts = z.infer<typeof OutcomeCounts>;

/** What sealing a page gives: its files and counts. */
export const PageSeal = z.strictObject({
  page: z.int().min(0),
  situations: z.int().min(0),
  /** Number of the last settings record that the seal took into account; 0 for none. */
  settings: z.int().min(0),
  outcomes: OutcomeCounts,
  nanoUsd: z.int(),
  /** Nano-dollars that its situations may have cost at most: what was granted to runs that were lost is in it. */
  booked: z.int().optional(),
  calls: z.int(),
  files: z.array(FileEntry),
});
export type PageSeal = z.infer<typeof PageSeal>;

/** One generation of a campaign, as a part of a merged dataset. */
export const MergedSource = z.strictObject({
  campaign: z.string(),
  generation: z.int().min(1),
  /** It was named, and stays the one that is merged when the campaign has grown. */
  pinned: z.boolean(),
  fingerprint: Sha256,
  simulated: z.string().nullable(),
  model: z.string(),
  prices: Quote.pick({ date: true, source: true }).optional(),
  /** What the campaign had spent by then. The merged dataset's own sums are 0: nothing is counted twice. */
  nanoUsd: z.int(),
  calls: z.int(),
  /** Relative change of a characteristic that counts as material: its labels rest on it. */
  tolerance: z.number(),
  /** Its situations have the indexes [from, to). */
  from: z.int().min(0),
  to: z.int().min(0),
  /** Situations for which another source's row stands. */
  dropped: z.int().min(0),
  /** Situations in another split than in the campaign's own dataset. */
  moved: z.int().min(0),
});
export type MergedSource = z.infer<typeof MergedSource>;

/** Of which generations a dataset was merged, in the order of precedence, and how it is split. */
export const Merged = z.strictObject({
  sources: z.array(MergedSource).min(1),
  splits: Splits,
  seed: z.int().min(0),
  /** Agents that rows name. */
  agents: z.record(z.string(), AgentSpec),
  /** Texts that critiques quote. */
  texts: z.array(z.strictObject({ title: z.string(), licence: z.string().nullable() })),
});
export type Merged = z.infer<typeof Merged>;

/** `manifest/<generation>.json`: one dataset, exactly. Readers take files from here, never by listing. */
export const Manifest = z.strictObject({
  schemaVersion: z.int().min(1),
  campaign: z.string(),
  generation: z.int().min(1),
  fingerprint: Sha256,
  /** Law hash where the model was simulated, else null. Of a merged dataset: those of its simulated sources, joined by `+`. */
  simulated: z.string().nullable(),
  /** Of a merged dataset: those of its sources, joined by ` + `. */
  model: z.string(),
  writer: z.strictObject({ version: z.string(), codec: z.string() }),
  planned: z.int().min(0),
  duplicates: z.int().min(0),
  outcomes: OutcomeCounts,
  nanoUsd: z.int(),
  calls: z.int(),
  /** Whose prices `nanoUsd` rests on, and of which day; null where the campaign file named the price. Absent in earlier generations. */
  prices: Quote.pick({ date: true, source: true }).optional(),
  /** What of both was spent on imagining the situations, before the first page. */
  imagined: z.strictObject({ nanoUsd: z.int(), calls: z.int() }).optional(),
  /** What of both was spent on explanations that were asked for beside the campaign's own. */
  explained: z.strictObject({ nanoUsd: z.int(), calls: z.int() }).optional(),
  /** Absent in a campaign's own dataset. */
  merged: Merged.optional(),
  pages: z.array(PageSeal),
});
export type Manifest = z.infer<typeof Manifest>;
