import pc from 'picocolors';
import { applySettings, pageOutcomes } from '../../activities/campaign-state.ts';
import type { CampaignReader } from '../../activities/campaign-reader.ts';
import { loadSteps, placeVersions, type PlacedVersion, type Step } from '../../activities/shards/versions.ts';
import { UsageError } from '../../infra/usage-error.ts';
import { planText } from '../../plans/text.ts';
import type { Explanation, Plan } from '../../schemas/plan.ts';
import type { CampaignRecord, OutcomeRecord } from '../../schemas/records.ts';
import type { Situation } from '../../schemas/situation.ts';
import type { Finding } from '../../schemas/wire.ts';
import { counted, dollars, usdOf } from '../figures.ts';
import { planDiffText } from '../plan-diff.ts';
import { columns } from '../output.ts';

export interface ShownVersion {
  revision: number;
  branch: string;
  label: string;
  step: string;
  /** sha256 of the step record that holds it. */
  record: string;
  textbook: string | null;
  headline: string;
  material: boolean;
  /** The findings that led to it. */
  findings: Finding[];
  plan: Plan;
  explanation: Explanation;
}

/** Everything known of a situation's current try. */
export interface Shown {
  situation: Situation;
  /** null: it has not ended. */
  outcome: OutcomeRecord | null;
  /** Outcomes of its earlier tries. */
  earlier: OutcomeRecord[];
  versions: ShownVersion[];
  steps: { path: string; kind: string; headline: string; calls: number; lostCalls: number; usd: number }[];
}

/** Finds a situation by index or id prefix and reads what became of it. @throws UsageError where there is none, or several. */
export async function readShown(reader: CampaignReader, campaign: CampaignRecord, which: string): Promise<Shown> {
  const { listing } = applySettings(campaign, await reader.settings(campaign.name));
  const situation = find(await reader.situations(listing), which, campaign.name);
  const tries = (await pageOutcomes(reader, campaign.name, situation.index, situation.index + 1)).get(situation.index) ?? [];
  const outcome = tries.at(-1) ?? null;
  const steps = outcome === null ? [] : await loadSteps(reader, outcome);
  const versions = outcome === null ? [] : placeVersions(steps, outcome, campaign.actor.tolerance);
  return { situation, outcome, earlier: tries.slice(0, -1), versions: versions.map(shownVersion), steps: steps.map(shownStep) };
}

function find(situations: Situation[], which: string, campaign: string): Situation {
  if (/^\d{1,7}$/.test(which)) {
    const found = situations[Number(which)];
    if (found !== undefined) return found;
    throw new UsageError(`SITUATION: campaign "${campaign}" has no situation ${which}; indexes go from 0 to ${situations.length - 1}`);
  }
  const matches = situations.filter(({ id }) => id.startsWith(which));
  if (matches.length === 1) return matches[0] as Situation;
  throw new UsageError(
    matches.length === 0
      ? `SITUATION: "${which}" is neither an index from 0 to ${situations.length - 1} nor the start of an id in campaign "${campaign}"`
      : `SITUATION: ${matches.length} ids of campaign "${campaign}" start with "${which}"; give more digits`,
  );
}

function shownVersion({ step: { sha256, record }, version, branch, revision, label }: PlacedVersion): ShownVersion {
  const { path, textbook, headline, findings } = record;
  return { revision, branch, label, step: path, record: sha256, textbook, headline, material: version.material, findings, plan: version.plan, explanation: version.explanation };
}

function shownStep({ record }: Step): Shown['steps'][number] {
  const paid = record.calls.reduce((sum, call) => sum + (call.paid ? (call.nanoUsd ?? 0) : 0), record.lost.nanoUsd);
  return { path: record.path, kind: record.kind, headline: record.headline, calls: record.calls.length, lostCalls: record.lost.calls, usd: usdOf(paid) };
}

/** The whole story, to read: outcome, versions, what led from each to the next, the last explanation, cost. */
export function shownText({ situation, outcome, earlier, versions, steps }: Shown): string {
  const head = [
    pc.bold(`situation ${situation.index}`) + ` ${situation.id.slice(0, 12)}  ${situation.task}, ${situation.agent}, ${situation.horizon.join('/')}`,
    `  from: ${situation.initial}`,
    ...(situation.target === null ? [] : [`  to:   ${situation.target}`]),
  ];
  if (outcome === null) return [...head, '  it has not ended yet'].join('\n');
  head.push(`  ${pc.bold(outcome.outcome)}: ${outcome.reason}`);
  if (outcome.failedAt !== null) head.push(`  ended at step ${outcome.failedAt}; \`--raw ${outcome.failedAt}\` shows its request and answers`);
  for (const each of earlier) head.push(`  try ${each.try} ended ${each.outcome}: ${each.reason}`);
  const lost = steps.reduce((sum, step) => sum + step.lostCalls, 0);
  head.push(
    `  ${counted(outcome.passes, 'pass', 'passes')}, reopened ${outcome.reopened}, ${counted(outcome.calls, 'call')}${lost === 0 ? '' : `, ${lost} lost and booked at worst case`}, ${dollars(usdOf(outcome.nanoUsd))}`,
  );
  return [head.join('\n'), ...story(versions)].join('\n\n');
}

function story(versions: ShownVersion[]): string[] {
  const main = versions.filter(({ branch }) => branch === 'main');
  const last = main.at(-1);
  if (last === undefined) return [];
  const table = columns([
    ['  REV', 'BRANCH', 'LABEL', 'TEXTBOOK', 'MATERIAL', 'STEP', 'HEADLINE'],
    ...versions.map((v) => [`  ${v.revision}`, v.branch, v.label, v.textbook ?? '-', v.material ? 'yes' : 'no', v.step, v.headline]),
  ]);
  const changes = main.slice(1).map((version, i) => {
    const findings = version.findings.map(({ severity, node, issue, suggestion }) => `  ! ${severity} at ${node}: ${issue}${suggestion === '' ? '' : ` -> ${suggestion}`}`);
    return [pc.bold(`revision ${version.revision - 1} -> ${version.revision}`) + (version.textbook === null ? '' : ` after ${version.textbook}`), ...findings, planDiffText((main[i] as ShownVersion).plan, version.plan)].join('\n');
  });
  return [table, ...changes, [pc.bold(`plan, revision ${last.revision}`), indent(planText(last.plan))].join('\n'), explanationText(last.explanation)];
}

/** The version `2`, or `3@a1` on branch a1. @throws UsageError where there is none. */
export function findVersion({ versions }: Shown, which: string): ShownVersion {
  const [revision, branch = 'main'] = which.split('@') as [string, string?];
  const version = versions.find((each) => String(each.revision) === revision && each.branch === branch);
  if (version === undefined) throw new UsageError(`--revision: no "${which}"; known: ${versions.map((v) => `${v.revision}${v.branch === 'main' ? '' : `@${v.branch}`}`).join(', ') || 'none'}`);
  return version;
}

/** One version in full. */
export function versionText(version: ShownVersion): string {
  return [pc.bold(`revision ${version.revision} on ${version.branch}, ${version.label}`), indent(planText(version.plan)), explanationText(version.explanation)].join('\n');
}

export function explanationText({ text, arguments: claims }: Explanation): string {
  return [pc.bold('explanation'), indent(text), ...claims.map(({ claim, premises, supports }) => `  - ${claim} [${supports.join(', ')}]\n${premises.map((premise) => `      because ${premise}`).join('\n')}`)].join('\n');
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
