import { z } from 'zod';
import { Sha256 } from './library.ts';

/** A call that waits for a batch, and who waits for it: one situation waits for one call at a time. */
export const WaitingCall = z.strictObject({
  schema: z.literal(1),
  index: z.int(),
  try: z.int(),
  /** Store key that the answer will have. */
  key: z.string(),
  /** Object with the ModelRequest. */
  request: Sha256,
  requestChars: z.int(),
  /** What it may cost at most; int nano-dollars, null where the price is unknown. */
  worstCase: z.int().nullable(),
  /** Workflow run and activity to be woken. */
  run: z.string(),
  activity: z.string(),
  /** Times that the provider has failed it. */
  errors: z.int(),
  /** An earlier run's batch is waited for, and nobody has the money to ask again. */
  unfunded: z.literal(true).optional(),
});
export type WaitingCall = z.infer<typeof WaitingCall>;

/** The calls of one batch, put before the batch is asked for; the nth has the custom id `<id>-<n>`. */
export const BatchIntent = z.strictObject({
  schema: z.literal(1),
  id: z.string(),
  /** Milliseconds since the epoch, by the clock of the worker that wrote it. */
  at: z.int(),
  /** Bytes of the request for the batch, about. */
  bytes: z.int(),
  calls: z.array(WaitingCall.omit({ schema: true, activity: true })),
});
export type BatchIntent = z.infer<typeof BatchIntent>;

/** The provider has not taken an intent: whoever put it holds it to ask once more. `at` as there, and in its place; overwritten by the next. */
export const IntentHeld = z.strictObject({ schema: z.literal(1), intent: z.string(), at: z.int() });
export type IntentHeld = z.infer<typeof IntentHeld>;

/** Which of the provider's batches an intent became; null: none, and none will be. */
export const BatchRecord = z.strictObject({ schema: z.literal(1), intent: z.string(), campaign: z.string(), batch: z.string().nullable() });
export type BatchRecord = z.infer<typeof BatchRecord>;

/** An answer that a run has paid for in a batch, where another's was stored before under its key; int nano-dollars. */
export const BatchWaste = z.strictObject({ schema: z.literal(1), key: z.string(), run: z.string(), nanoUsd: z.int() });
export type BatchWaste = z.infer<typeof BatchWaste>;

/** What came of a batch once all its results were stored. */
export const BatchEnd = z.strictObject({
  schema: z.literal(1),
  intent: z.string(),
  succeeded: z.int(),
  errored: z.int(),
  expired: z.int(),
  canceled: z.int(),
});
export type BatchEnd = z.infer<typeof BatchEnd>;
