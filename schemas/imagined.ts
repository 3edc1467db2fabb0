import { z } from 'zod';
import { AgentSpec } from './agent.ts';
import { CampaignFile, ImaginedSource, STAKES } from './campaign.ts';
import { Horizon } from './levels.ts';
import { Sha256 } from './library.ts';
import { Quote } from './prices.ts';
import { StepRecord } from './records.ts';
import { SituationContent, Task } from './situation.ts';

/** One cell of the grid that situations are imagined over. */
export const Cell = z.strictObject({ agent: z.string(), domain: z.string(), horizon: Horizon, stakes: z.enum(STAKES), task: Task });
export type Cell = z.infer<typeof Cell>;

/** Everything that imagined situations depend on, an object under its sha256. */
export const ImagineRequest = z.strictObject({
  schema: z.literal(1),
  campaign: z.string(),
  source: ImaginedSource,
  agents: z.record(z.string(), AgentSpec),
  model: CampaignFile.shape.model,
  /** Absent in requests of earlier versions. */
  quote: Quote.optional(),
  provider: z.string(),
  structured: z.enum(['schema', 'tool', 'text']),
  /** The rules of imagining, an object. */
  prompt: Sha256,
  sample: z.int(),
});
export type ImagineRequest = z.infer<typeof ImagineRequest>;

/** What one ask of a cell came to, at `imagine/<fingerprint>/<cell>.<ask>.json`, put if absent. Money in int nano-dollars. */
export const AskRecord = z.strictObject({
  schema: z.literal(1),
  cell: z.int(),
  ask: z.int(),
  /** Run id of the workflow that asked. */
  run: z.string(),
  situations: z.array(SituationContent),
  /** Why there are none, or "". */
  reason: z.string(),
  model: z.string(),
  calls: StepRecord.shape.calls,
  lost: StepRecord.shape.lost,
  /** New spending of that run, lost calls at worst case included. */
  charged: z.int(),
  /** Paid by this campaign, whenever, lost calls at worst case included. */
  nanoUsd: z.int(),
});
export type AskRecord = z.infer<typeof AskRecord>;

/** Money promised to an ask, put before its first call. */
export const AskGrant = z.strictObject({ schema: z.literal(1), nanoUsd: z.int() });
export type AskGrant = z.infer<typeof AskGrant>;

/** Where a situation stands: its cell, the ask that brought it, and its place in the answer. */
export const Origin = z.tuple([z.int(), z.int(), z.int()]);
export type Origin = z.infer<typeof Origin>;

/** How far the imagined situations have been sifted, an object. */
export const Sieve = z.strictObject({
  schema: z.literal(1),
  /** Visits paid to cells; the next one goes to the cell of this number, modulo their count. */
  visits: z.int(),
  /** In index order. */
  kept: z.array(Origin),
  nearDuplicates: z.int(),
  cells: z.array(
    z.strictObject({
      /** Asks answered. */
      asks: z.int(),
      /** Candidates of the last one that were looked at. */
      looked: z.int(),
      /** Asks in a row that brought no situation that was kept, the last one included. */
      fruitless: z.int(),
    }),
  ),
});
export type Sieve = z.infer<typeof Sieve>;

/** How varied imagined situations are. */
export const Diversity = z.strictObject({
  cells: z.int(),
  /** Cells with at least one situation. */
  filled: z.int(),
  nearDuplicates: z.int(),
  /** Mean over pairs of 1 - Jaccard similarity; null for a single situation. */
  meanDistance: z.number().nullable(),
});
export type Diversity = z.infer<typeof Diversity>;

/** `imagined.json`: what a campaign's situations were imagined from, what that cost, and the listing it gave. */
export const ImaginedRecord = z.strictObject({
  schema: z.literal(1),
  /** Of the request without the campaign's name and prices: equal ones imagine the same with a deterministic model. */
  fingerprint: Sha256,
  listing: z.strictObject({ sha256: Sha256, count: z.int(), duplicates: z.int() }),
  calls: z.int(),
  nanoUsd: z.int(),
  diversity: Diversity,
  /** Each cell with the indexes of its situations. */
  cells: z.array(z.strictObject({ ...Cell.shape, situations: z.array(z.int()) })),
});
export type ImaginedRecord = z.infer<typeof ImaginedRecord>;
