import { z } from 'zod';

const rate = z.number().min(0).max(1);

/** How the simulated critic of one textbook behaves: which classes of flaw it can see and how well. */
export const TextbookLaw = z.strictObject({
  classes: z.array(z.string().min(1)),
  detect: rate.optional(),
  falseAlarm: rate.optional(),
});

/** Failures of the simulated service, as rates by request body; a body fails at most `times` times, then succeeds. */
export const FaultLaw = z.strictObject({
  rateLimited: rate.default(0),
  overloaded: rate.default(0),
  serverError: rate.default(0),
  malformed: rate.default(0),
  truncated: rate.default(0),
  refusal: rate.default(0),
  /** Silence: the connection stays open and nothing comes. */
  hang: rate.optional(),
  /** The answer breaks off in the middle; it counts as paid. */
  halfAnswer: rate.optional(),
  times: z.int().min(1).default(1),
});

/** The same for every answer, or lognormal: half of the answers take longer than the median, and the logarithm's standard deviation is sigma. */
export const LatencyLaw = z.union([z.number().min(0), z.strictObject({ median: z.number().positive(), sigma: z.number().min(0) })]);
export type LatencyLaw = z.infer<typeof LatencyLaw>;

/** Limits of the simulated service by key and model, as token buckets that fill continuously; a limit left out refuses nothing. */
export const LimitLaw = z.strictObject({
  requestsPerMinute: z.number().positive().optional(),
  /** Tokens read from the cache are free; those written to it count. */
  inputTokensPerMinute: z.number().positive().optional(),
  outputTokensPerMinute: z.number().positive().optional(),
  /** Seconds of its limit that a bucket holds, so that as much may come at once. */
  burstS: z.number().positive().default(60),
});
export type LimitLaw = z.infer<typeof LimitLaw>;

/** How the simulated service works off batches. */
export const BatchLaw = z.strictObject({
  /** Milliseconds until the last request of a batch is answered; the others are spread evenly before it. */
  latencyMs: z.number().min(0).default(1_000),
  /** Chance that a request expires the first time that it is asked for in a batch. */
  expire: rate.default(0),
  /** Chance that it fails by the service's own fault then. */
  error: rate.default(0),
});
export type BatchLaw = z.infer<typeof BatchLaw>;

/** Law file of the simulated model: the rates by which it plays the exemplary actor. */
export const Law = z.strictObject({
  name: z.string().min(1),
  /** Milliseconds before the first byte of each answer. */
  latencyMs: LatencyLaw,
  /** Chance that each of a draft's possible flaws is planted. */
  flaw: rate,
  /** Chance that a critic reports a flaw of a class it can see; textbooks may override it. */
  detect: rate,
  /** Chance that a revision mends a reported flaw. */
  mend: rate,
  /** Chance that a revision plants a new flaw. */
  break: rate,
  /** Chance that a critic reports a fault where there is none. */
  falseAlarm: rate,
  /** Chance that a revision heeds a finding that is wrong, by a change that does no harm. */
  heed: rate.default(0.5),
  /** Chance that an imagined situation repeats an earlier one nearly word for word. */
  repeat: rate.default(0.1),
  /** Chance that critics overlook a flaw as long as the explanations grow out of the draft's, which defends it; one given anew does not. */
  anchored: rate.default(0),
  /** Chance that a critic or a revision calls one of the tools that it is offered before it answers. */
  toolUse: rate.default(0),
  /** Least tokens of answers, reached by saying at length what nobody asked: real models are wordier than this one. */
  lengths: z.strictObject({ draft: z.int().min(0).default(0), critique: z.int().min(0).default(0), revise: z.int().min(0).default(0) }).prefault({}),
  /** Control: each critic's findings are moved to other nodes and issues than those found. */
  shuffle: z.boolean().default(false),
  textbooks: z.record(z.string(), TextbookLaw),
  faults: FaultLaw.prefault({}),
  limits: LimitLaw.optional(),
  batch: BatchLaw.optional(),
});
export type Law = z.infer<typeof Law>;
