import { isMaterial } from '../../plans/material.ts';
import { StepRecord, type OutcomeRecord, type Version } from '../../schemas/records.ts';
import type { Label } from '../../schemas/rows.ts';
import type { CampaignReader } from '../campaign-reader.ts';
import { CorruptData } from '../failures.ts';

/** A step record and the hash it goes by. */
export interface Step {
  sha256: string;
  record: StepRecord;
}

/** A version in its place. `from` is the version it was made from, null for the draft. */
export interface PlacedVersion {
  step: Step;
  version: Version;
  from: PlacedVersion | null;
  /** `main` for the final version and its ancestors, else the verification branch that made it. */
  branch: string;
  /** Number of versions between it and the draft, which has 0. */
  revision: number;
  isFinal: boolean;
  label: Label;
}

/** Every step of a try, oldest first. Throws CorruptData where the chain is broken. */
export async function loadSteps(reader: Pick<CampaignReader, 'text'>, { log }: Pick<OutcomeRecord, 'log'>): Promise<Step[]> {
  const steps: Step[] = [];
  for (let next = log; next !== null; ) {
    const step: Step = { sha256: next, record: StepRecord.parse(JSON.parse(await reader.text(next))) };
    steps.push(step);
    next = step.record.previous;
  }
  return steps.reverse();
}

/**
 * The versions that a try's steps made, sorted by (branch, revision) and labelled against the final one. `tolerance` is the campaign's
 * share for characteristics. Throws CorruptData where outcome and steps contradict each other.
 */
export function placeVersions(steps: readonly Step[], outcome: Pick<OutcomeRecord, 'final' | 'outcome' | 'index' | 'try'>, tolerance: number): PlacedVersion[] {
  const fault = (what: string) => new CorruptData(`situation ${outcome.index}, try ${outcome.try}: ${what}`);
  const placed = new Map<string, PlacedVersion>();
  for (const step of steps) {
    const { version, branch } = step.record;
    if (version === null) continue;
    const from = version.from === null ? null : placed.get(version.from);
    if (from === undefined) throw fault(`step ${step.record.path} builds on a version that its chain does not hold`);
    placed.set(step.sha256, { step, version, from, branch, revision: from === null ? 0 : from.revision + 1, isFinal: false, label: 'none' });
  }
  if (placed.size === 0 && outcome.final === null) return [];
  const final = placed.get(outcome.final ?? '');
  if (final === undefined) throw fault(`its chain of ${steps.length} steps lacks the final version`);

  final.isFinal = true;
  const mainLine = new Set<PlacedVersion>();
  for (let version: PlacedVersion | null = final; version !== null; version = version.from) mainLine.add(version);
  for (const version of placed.values()) {
    if (mainLine.has(version)) version.branch = 'main';
    else if (version.branch === 'main') throw fault(`step ${version.step.record.path} is on no verification branch and not on the way to the final version`);
    if (outcome.outcome === 'converged') version.label = labelOf(version, final, tolerance);
  }
  return [...placed.values()].sort((a, b) => compareText(a.branch, b.branch) || a.revision - b.revision);
}

/** Order of strings by UTF-16 code units, whatever the locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function labelOf(version: PlacedVersion, final: PlacedVersion, tolerance: number): Label {
  if (version === final) return 'positive';
  return isMaterial(version.version.plan, final.version.plan, tolerance) ? 'negative' : 'equivalent';
}
