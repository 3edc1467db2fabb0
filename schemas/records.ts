import { z } from 'zod';
import { ActorParameters, CampaignFile, Mode, StopAfter } from './campaign.ts';
import { AgentSpec } from './agent.ts';
import { ChapterRef, Sha256 } from './library.ts';
import { Explanation, Plan, Stance } from './plan.ts';
import { Quote } from './prices.ts';
import { STEP_KINDS } from './prompt.ts';
import { Edit, Finding } from './wire.ts';

export const OUTCOMES = ['converged', 'unconverged', 'refused', 'failed', 'over-budget'] as const;
export const Outcome = z.enum(OUTCOMES);
export type Outcome = z.infer<typeof Outcome>;

/** Token counts as the provider returned them; null where it returned none (unknown is not zero). */
export const Usage = z.strictObject({
  inputTokens: z.int().nullable(),
  outputTokens: z.int().nullable(),
  cacheReadTokens: z.int().nullable(),
  /** Of any lifetime. */
  cacheWriteTokens: z.int().nullable(),
  /** Those of them that were written for an hour. */
  cacheWrite1hTokens: z.int().nullable().default(null),
});
export type Usage = z.infer<typeof Usage>;

/** A tool as it is offered to the model; `inputSchema` is a JSON Schema. */
export const ToolOffer = z.strictObject({ name: z.string(), description: z.string(), inputSchema: z.record(z.string(), z.unknown()) });
export type ToolOffer = z.infer<typeof ToolOffer>;

/** A tool that the model asks for, with the provider's id of the call. */
export const ToolCall = z.strictObject({ id: z.string(), name: z.string(), input: z.unknown() });
export type ToolCall = z.infer<typeof ToolCall>;

/** One answer of a tool, at `responses/<aa>/<hash of tool and input>/<situation>.<try>.<sample>.<step path>.json`, put if absent. */
export const ToolRecord = z.strictObject({
  schema: z.literal(1),
  tool: z.string(),
  input: z.unknown(),
  text: z.string(),
  /** The tool could not do what was asked; `text` says why. */
  error: z.boolean(),
  headline: z.string(),
});
export type ToolRecord = z.infer<typeof ToolRecord>;

/** One answer of the model, at `responses/<aa>/<hash>/<situation>.<try>.<sample>.<step path>.json`. */
export const ResponseRecord = z.strictObject({
  schema: z.literal(1),
  key: z.string(),
  /** Campaign that paid for it, and the run id of the workflow in which it did. */
  campaign: z.string(),
  run: z.string(),
  requestId: z.string().nullable(),
  model: z.string(),
  /** `tools`: the model asks for `toolCalls` before it answers. */
  stop: z.enum(['complete', 'tools', 'truncated', 'refused']),
  /** The provider's own word for it. */
  stopReason: z.string(),
  /** The answer's text, or the input of the forced tool call as JSON. */
  text: z.string(),
  toolCalls: z.array(ToolCall).default([]),
  usage: Usage,
  /** Price in int nano-dollars; what was reserved for it where the usage is unknown, null where the price is. */
  nanoUsd: z.int().nullable(),
  requestChars: z.int(),
  /** The provider's id of the batch that it came in. */
  batch: z.string().optional(),
});
export type ResponseRecord = z.infer<typeof ResponseRecord>;

/** One version of a plan, inside the step record that made it. */
export const Version = z.strictObject({
  /** sha256 of the step record that holds the version this one was made from; null for the draft. */
  from: Sha256.nullable(),
  plan: Plan,
  explanation: Explanation,
  edits: z.array(Edit),
  material: z.boolean(),
  materialClaim: z.boolean(),
  /** Share of the nodes that no finding named and that the revision left as they were; 1 where nothing was revised. */
  kept: z.number().min(0).max(1).default(1),
  promptChars: z.int(),
  outputChars: z.int(),
});
export type Version = z.infer<typeof Version>;

/**
 * One step of the actor, content-addressed under objects/. The records of a situation form a chain through `previous`,
 * its versions a tree through `version.from`: the final version's ancestors are the main line, other versions side branches.
 */
export const StepRecord = z.strictObject({
  schema: z.literal(1),
  previous: Sha256.nullable(),
  path: z.string(),
  kind: z.enum(STEP_KINDS).exclude(['imagine']),
  /** `main`, or `a1`, `a2`, ... for a verification branch. */
  branch: z.string(),
  pass: z.int(),
  textbook: z.string().nullable(),
  chapter: z.string().nullable(),
  headline: z.string(),
  model: z.string(),
  /** The answers this step used, in order: repairs follow the first. */
  calls: z.array(
    z.strictObject({
      response: z.string(),
      attempt: z.int(),
      /** False where the answer was paid for elsewhere: by another campaign, a preview, or an earlier try. */
      paid: z.boolean(),
      usage: Usage,
      nanoUsd: z.int().nullable(),
      /** It was asked in a batch. */
      batched: z.boolean().optional(),
    }),
  ),
  /** Calls lost to a kill or timeout, booked at worst case, in int nano-dollars. */
  lost: z.strictObject({ calls: z.int(), nanoUsd: z.int() }),
  /** What tools answered on the way, in order; `record` is the key of the ToolRecord. */
  tools: z.array(z.strictObject({ name: z.string(), headline: z.string(), error: z.boolean(), record: z.string() })).default([]),
  /** select: indexes into the campaign's chapters. */
  selection: z.array(z.int()).nullable().default(null),
  findings: z.array(Finding),
  version: Version.nullable(),
});
export type StepRecord = z.infer<typeof StepRecord>;

/** A situation's last act, at `datasets/<campaign>/outcomes/<index>.<try>.json`, put if absent. */
export const OutcomeRecord = z.strictObject({
  schema: z.literal(1),
  index: z.int(),
  try: z.int(),
  situation: Sha256,
  outcome: Outcome,
  reason: z.string(),
  /** Path of the step that a failed or refused situation ended at; a later try asks that step anew. */
  failedAt: z.string().nullable(),
  /** Head of the chain of step records; null where no step ended. */
  log: Sha256.nullable(),
  /** Step record with the last version on the main line (the positive of a converged situation). */
  final: Sha256.nullable(),
  stance: Stance.nullable(),
  /** Explain records whose plan survived verification unchanged. */
  alternatives: z.array(Sha256),
  passes: z.int(),
  reopened: z.int(),
  calls: z.int(),
  /** Paid by this campaign for this situation, lost calls at worst case included. */
  nanoUsd: z.int(),
  /** Ids of the workflow runs that came to this outcome, and what those spent anew. Absent in outcomes of earlier versions. */
  life: z.strictObject({ runs: z.array(z.string()), charged: z.int() }).optional(),
});
export type OutcomeRecord = z.infer<typeof OutcomeRecord>;

/** `grants/<index>.<try>.<n>.json`: money promised before it can be spent; `n` counts a situation's grants, `pass` says what for. */
export const GrantRecord = z.strictObject({
  schema: z.literal(1),
  index: z.int(),
  try: z.int(),
  n: z.int(),
  pass: z.string(),
  /** Run id of the workflow that was given it. */
  run: z.string().default(''),
  /** Where money was taken back, what is left of it: a later grant may be negative. */
  nanoUsd: z.int(),
  /** Of a situation that was stopped: the runs whose grants come to no more than `nanoUsd`. */
  runs: z.array(z.string()).optional(),
});
export type GrantRecord = z.infer<typeof GrantRecord>;

/** Ended situations by their last try, and how many of them have failed. */
export const FailureCount = z.strictObject({ failed: z.int().min(0), ended: z.int().min(0) });
export type FailureCount = z.infer<typeof FailureCount>;

/** Why a campaign stopped by itself. */
export const Stopped = z.strictObject({
  ...FailureCount.shape,
  /** Of `stopAfter`, as it was then. */
  failedShare: z.number(),
  /** The commonest failure and the step that it came at, with the first situation that shows it. */
  reason: z.string(),
  example: z.int(),
});
export type Stopped = z.infer<typeof Stopped>;
/** An explanation asked for beside the campaign's own: what its run may spend (no calls yet), or has spent. Int nano-dollars. */
export const ExplainedRecord = z.strictObject({ schema: z.literal(1), index: z.int(), run: z.string(), calls: z.int(), nanoUsd: z.int() });
export type ExplainedRecord = z.infer<typeof ExplainedRecord>;

/** `settings/<n>.json`: each later change of a running campaign. Absent fields are unchanged; `retry` lists situation indexes. */
export const SettingRecord = z.strictObject({
  schema: z.literal(1),
  n: z.int(),
  concurrency: z.int().min(1).optional(),
  budget: z.number().positive().nullable().optional(),
  mode: Mode.optional(),
  state: z.enum(['running', 'paused', 'cancelled']).optional(),
  /** null: off. */
  stopAfter: StopAfter.nullable().optional(),
  /** With state `paused`: the campaign paused itself by `stopAfter`. */
  stopped: Stopped.optional(),
  /** What had ended by now counts towards `stopAfter` no more. */
  countFrom: FailureCount.optional(),
  /** Situations to try once more: index -> number of the new try. */
  retry: z.record(z.string(), z.int()).optional(),
  /** Object with what finer plans say against the plans of the situations in `retry`. */
  feedback: Sha256.optional(),
  /** Extension: the new listing. */
  listing: z.strictObject({ sha256: Sha256, count: z.int(), duplicates: z.int() }).optional(),
});
export type SettingRecord = z.infer<typeof SettingRecord>;

/** Findings by situation index: where the plans of a finer campaign contradict what the actions of a coarser one promise. */
export const FeedbackRecord = z.strictObject({ schema: z.literal(1), from: z.string(), findings: z.record(z.string(), z.array(Finding)) });
export type FeedbackRecord = z.infer<typeof FeedbackRecord>;

/** `campaign.json`: written once, before the first workflow starts. Everything a worker needs to go on without the user's files. */
export const CampaignRecord = z.strictObject({
  schema: z.literal(1),
  name: z.string(),
  file: CampaignFile,
  fingerprint: Sha256,
  /** The parts that the fingerprint hashes, so that a refusal can name the one that differs. */
  parts: z.record(z.string(), z.string()),
  /** Identity of the provider: `simulated:<law hash>` or `origin:<scheme and host>`. */
  provider: z.string(),
  /** Law hash of the simulated model, or null. */
  simulated: z.string().nullable(),
  /** How the provider takes an answer's shape, as probed before the first call. */
  structured: z.enum(['schema', 'tool', 'text']),
  /** JSON lines of Situation, one a line in index order, at objects/. */
  listing: z.strictObject({ sha256: Sha256, count: z.int(), duplicates: z.int() }),
  agents: z.record(z.string(), AgentSpec),
  chapters: z.array(ChapterRef),
  /** Tools as they are offered to the model: MCP servers' own words, frozen when the campaign began. */
  tools: z.array(ToolOffer).default([]),
  /** Prompt name -> object. */
  prompts: z.record(z.string(), Sha256),
  actor: ActorParameters,
  /** Absent in campaigns of earlier versions. */
  quote: Quote.optional(),
  writer: z.strictObject({ version: z.string(), codec: z.string() }),
});
export type CampaignRecord = z.infer<typeof CampaignRecord>;
