import { treeDistance } from '../../plans/distance.ts';
import { planNodes, planText } from '../../plans/text.ts';
import type { Split } from '../../schemas/campaign.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import type { ChapterRef } from '../../schemas/library.ts';
import type { Plan } from '../../schemas/plan.ts';
import type { OutcomeRecord } from '../../schemas/records.ts';
import type { DataRow, SituationRow } from '../../schemas/rows.ts';
import type { Situation } from '../../schemas/situation.ts';
import type { PlacedVersion, Step } from './versions.ts';

/** Log-reward of a plan in nats where a world knows it exactly, else null. */
export type ValuePort = (situation: Situation, plan: Plan) => number | null;

/** All that a situation's rows are made from. `versions` and `steps` are those of its last try. */
export interface SituationStory {
  campaign: string;
  chapters: readonly ChapterRef[];
  situation: Situation;
  split: Split;
  outcome: OutcomeRecord;
  steps: readonly Step[];
  versions: readonly PlacedVersion[];
}

/** One row a version, in the order of `versions`. */
export function dataRows({ campaign, situation, split, outcome, steps, versions }: SituationStory, value: ValuePort): DataRow[] {
  const final = versions.find((version) => version.isFinal);
  if (final === undefined) return [];
  const revisions = final.revision + 1;
  const alternatives = steps
    .filter(({ sha256 }) => outcome.alternatives.includes(sha256))
    .flatMap(({ record }) => (record.version === null ? [] : [canonicalJson(record.version.explanation)]));
  return versions.map(({ step: { record }, version, from, branch, revision, isFinal, label }) => {
    const { plan, explanation, edits, promptChars, outputChars } = version;
    return {
      situation_id: situation.id,
      situation_index: situation.index,
      task: situation.task,
      campaign,
      split,
      agent: situation.agent,
      level: (plan.nodes[0] as Plan['nodes'][number]).level,
      parent_id: situation.parent?.situation ?? null,
      root_id: situation.root,
      branch,
      revision,
      revisions,
      is_final: isFinal,
      label,
      stance: plan.stance,
      initial_state: situation.initial,
      target_state: situation.target,
      plan_json: canonicalJson(plan),
      plan_text: planText(plan),
      nodes: planNodes(plan),
      explanation: canonicalJson(explanation),
      alternative_explanations: isFinal ? alternatives : [],
      critique: record.kind === 'revise' ? canonicalJson(record.findings) : null,
      textbook: record.textbook,
      chapter: record.chapter,
      edits: canonicalJson(edits),
      kept_share: version.kept,
      distance_to_previous: from === null ? 0 : treeDistance(plan, from.version.plan),
      distance_to_final: treeDistance(plan, final.version.plan),
      log_reward: value(situation, plan),
      prompt_chars: promptChars,
      output_chars: outputChars,
      model: record.model,
    };
  });
}

export function situationRow({ chapters, situation, split, outcome, steps, versions }: SituationStory): SituationRow {
  const selected = steps.findLast(({ record }) => record.selection !== null)?.record.selection ?? chapters.map((_, i) => i);
  return {
    situation_id: situation.id,
    situation_index: situation.index,
    task: situation.task,
    agent: situation.agent,
    horizon: situation.horizon.join('/'),
    parent_id: situation.parent?.situation ?? null,
    root_id: situation.root,
    split,
    outcome: outcome.outcome,
    reason: outcome.reason,
    versions: versions.length,
    passes: outcome.passes,
    reopened: outcome.reopened,
    selection: versions.length === 0 ? [] : selected.map((i) => `${chapters[i]?.textbook}/${chapters[i]?.chapter}`),
  };
}
