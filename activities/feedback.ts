import { planHash } from '../plans/material.ts';
import { promiseFindings } from '../plans/promises.ts';
import { canonicalJson } from '../schemas/canonical.ts';
import { FeedbackRecord, type SettingRecord, type StepRecord } from '../schemas/records.ts';
import type { Stance } from '../schemas/plan.ts';
import type { Finding } from '../schemas/wire.ts';
import { HASH_DIGITS } from './settle.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { outcomeOf } from './campaign-state.ts';
import { CorruptData, toFailure } from './failures.ts';
import { findingsHeadline } from './headlines.ts';
import { beating } from './heartbeat.ts';
import { formatRanges } from './ranges.ts';
import { loadSteps } from './shards/versions.ts';

export interface TakeUpInput {
  campaign: string;
  index: number;
  try: number;
}

/** Where a situation goes on from whose finer plans contradict what its plan promises. Step records travel as their sha256. */
export interface TakenUp {
  headline: string;
  /** The record with the findings, at the head of the earlier try's chain. */
  log: string;
  version: string;
  plan: string;
  stance: Stance;
  level: string;
  promises: number;
  selection: string | null;
  passes: number;
  verifications: number;
  findings: number;
  major: number;
}

/** What a retried situation begins with. */
export function createFeedbackActivities({ reader }: { reader: CampaignReader }) {
  return {
    /** The last version with the findings of the finer plans; null for a retry of any other kind. */
    async takeUp(input: TakeUpInput): Promise<TakenUp | null> {
      try {
        return await beating({ settled: 0 }, () => takeUp(reader, input));
      } catch (error) {
        throw toFailure(error);
      }
    },
  };
}
export type FeedbackActivities = ReturnType<typeof createFeedbackActivities>;

async function takeUp(reader: CampaignReader, input: TakeUpInput): Promise<TakenUp | null> {
  const findings = await feedbackOn(reader, input);
  if (findings === null) return null;
  const before = await outcomeOf(reader, { ...input, try: input.try - 1 });
  const steps = before === null ? [] : await loadSteps(reader, before);
  const final = steps.find(({ sha256 }) => sha256 === before?.final)?.record.version;
  if (before === null || before.final === null || final == null) throw new CorruptData(`situation ${input.index}, try ${input.try}: the try before it has no final version for its finer plans to criticise`);
  const headline = findingsHeadline(findings);
  const record: StepRecord = {
    schema: 1,
    previous: before.log,
    path: `f${input.try}.critique`,
    kind: 'critique',
    branch: 'main',
    pass: before.passes,
    textbook: null,
    chapter: null,
    headline,
    model: steps.at(-1)?.record.model ?? '',
    calls: [],
    tools: [],
    lost: { calls: 0, nanoUsd: 0 },
    selection: null,
    findings,
    version: null,
  };
  const selection = steps.findLast((step) => step.record.selection !== null)?.record.selection ?? null;
  return {
    headline,
    log: await reader.save(canonicalJson(record)),
    version: before.final,
    plan: planHash(final.plan).slice(0, HASH_DIGITS),
    stance: final.plan.stance,
    level: final.plan.nodes[0]?.level ?? '',
    promises: promiseFindings(final.plan).length,
    selection: selection === null ? null : formatRanges(selection),
    passes: before.passes,
    verifications: steps.filter((step) => step.record.kind === 'explain').length,
    findings: findings.length,
    major: findings.filter(({ severity }) => severity === 'major').length,
  };
}

/** The findings that a try has to answer: those it was ordered with, or an earlier one that broke off was; null where there are none. */
async function feedbackOn(reader: CampaignReader, { campaign, index, try: attempt }: TakeUpInput): Promise<Finding[] | null> {
  const ordered = (setting: SettingRecord) => setting.retry?.[String(index)] ?? Number.POSITIVE_INFINITY;
  const order = (await reader.settings(campaign)).findLast((setting) => setting.feedback !== undefined && ordered(setting) <= attempt);
  if (order?.feedback === undefined) return null;
  for (let between = ordered(order); between < attempt; between++) {
    const outcome = await outcomeOf(reader, { campaign, index, try: between });
    if (outcome?.outcome === 'converged' || outcome?.outcome === 'unconverged') return null;
  }
  return FeedbackRecord.parse(JSON.parse(await reader.text(order.feedback))).findings[String(index)] ?? null;
}
