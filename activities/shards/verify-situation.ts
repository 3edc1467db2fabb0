import { treeDistance } from '../../plans/distance.ts';
import { isMaterial } from '../../plans/material.ts';
import type { Plan } from '../../schemas/plan.ts';
import type { DataRow, Label, SituationRow } from '../../schemas/rows.ts';
import type { Findings } from './findings.ts';
import type { Located } from './verify-file.ts';
import { checkVersion } from './verify-plan.ts';

/** Columns that a version shares with its situation. */
const SHARED = ['situation_id', 'task', 'agent', 'parent_id', 'root_id', 'split'] as const;

/** Checks the versions of one situation against its row and against each other. `tolerance` is null where the campaign file is unknown. */
export function checkSituation(situation: Located<SituationRow>, versions: Located<DataRow>[], tolerance: number | null, findings: Findings): void {
  const { row, at } = situation;
  findings.check(row.versions === versions.length, () => `${at}: says ${row.versions} versions, its data rows are ${versions.length}`);
  for (const version of versions) {
    for (const column of SHARED) {
      findings.check(version.row[column] === row[column], () => `${version.at}: ${column} differs from that of its situation, ${at}`);
    }
  }
  findings.check(row.outcome !== 'converged' || row.selection.length > 0, () => `${at}: is converged and was passed over with no chapter`);
  const positives = versions.filter((version) => version.row.label === 'positive');
  const wanted = row.outcome === 'converged' ? 1 : 0;
  const where = positives.length === 0 ? '' : ` (${positives.map((positive) => positive.at).join(', ')})`;
  findings.check(positives.length === wanted, () => `${at}: is ${row.outcome} and has ${positives.length} positives${where}; it must have ${wanted}`);

  const plans = versions.map((version) => checkVersion(version, row, findings));
  if (versions.length === 0) return;
  const finals = versions.filter((version) => version.row.is_final);
  findings.check(finals.length === 1, () => `${at}: has ${finals.length} final versions; it must have one`);
  const [final] = finals;
  if (final === undefined || finals.length > 1) return;
  checkLine(versions, final, at, findings);
  const finalPlan = plans[versions.indexOf(final)] ?? null;
  for (const [i, version] of versions.entries()) {
    const plan = plans[i] ?? null;
    if (plan !== null && finalPlan !== null) checkAgainstFinal(version, plan, finalPlan, row, tolerance, findings);
  }
}

/** The main line runs from the draft to the final version without a gap; only the final version carries alternative explanations. */
function checkLine(versions: Located<DataRow>[], final: Located<DataRow>, at: string, findings: Findings): void {
  const main = versions.filter(({ row }) => row.branch === 'main').map(({ row }) => row.revision);
  findings.check(main.every((revision, i) => revision === i), () => `${at}: revisions on the main line are ${main.join(', ')}; they must count from 0`);
  findings.check(final.row.branch === 'main' && final.row.revision === main.length - 1, () => `${final.at}: is final, and not the last on the main line`);
  for (const { row, at: version } of versions) {
    findings.check(row.revisions === main.length, () => `${version}: revisions is ${row.revisions}, the main line has ${main.length}`);
    findings.check(row.is_final || row.alternative_explanations.length === 0, () => `${version}: has alternative explanations, and is not final`);
  }
}

function checkAgainstFinal({ row, at }: Located<DataRow>, plan: Plan, finalPlan: Plan, { outcome }: SituationRow, tolerance: number | null, findings: Findings): void {
  const distance = treeDistance(plan, finalPlan);
  findings.check(row.distance_to_final === distance, () => `${at}: distance_to_final is ${row.distance_to_final}, it must be ${distance}`);
  if (tolerance === null) return;
  const label = labelFor(row, outcome, () => isMaterial(plan, finalPlan, tolerance));
  const equal = row.label === 'negative' && label === 'equivalent' ? 'is a negative that equals its positive; ' : '';
  findings.check(row.label === label, () => `${at}: ${equal}label is ${row.label}, it must be ${label}`);
}

function labelFor(row: DataRow, outcome: SituationRow['outcome'], material: () => boolean): Label {
  if (outcome !== 'converged') return 'none';
  if (row.is_final) return 'positive';
  return material() ? 'negative' : 'equivalent';
}
