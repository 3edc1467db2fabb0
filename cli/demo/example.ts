import pc from 'picocolors';
import { Plan } from '../../schemas/plan.ts';
import type { DataRow } from '../../schemas/rows.ts';
import { planDiffText } from '../plan-diff.ts';

/** Lines of the diff that are printed. */
const LONGEST_DIFF = 40;
/** Changes that make a plan's story worth showing. */
const ENOUGH_CHANGES = 2;

type ExampleRow = Pick<DataRow, 'situation_index' | 'branch' | 'revision' | 'label' | 'is_final' | 'distance_to_previous' | 'plan_json' | 'plan_text' | 'textbook' | 'initial_state' | 'target_state'>;

/** A converged situation's main line, in order. */
export interface Example {
  index: number;
  versions: ExampleRow[];
}

/** The converged situation whose plan changed at least twice and is shortest to read; null where there is none. */
export function findExample(rows: readonly ExampleRow[]): Example | null {
  const lines = new Map<number, ExampleRow[]>();
  for (const row of rows) if (row.branch === 'main') lines.set(row.situation_index, [...(lines.get(row.situation_index) ?? []), row]);
  const fit = [...lines].filter(
    ([, versions]) => versions.some(({ label }) => label === 'positive') && versions.filter((version) => version.distance_to_previous > 0).length >= ENOUGH_CHANGES,
  );
  const length = (versions: ExampleRow[]) => (versions.at(-1) as ExampleRow).plan_text.length;
  const [best] = fit.sort(([a, first], [b, second]) => length(first) - length(second) || a - b);
  return best === undefined ? null : { index: best[0], versions: best[1].sort((a, b) => a.revision - b.revision) };
}

/** From the draft to the verified plan. */
export function exampleText({ index, versions }: Example): string {
  const first = versions[0] as ExampleRow;
  const last = versions.at(-1) as ExampleRow;
  const texts = [...new Set(versions.flatMap(({ textbook }) => (textbook === null ? [] : [textbook])))];
  const plan = (row: ExampleRow) => Plan.parse(JSON.parse(row.plan_json));
  return [
    pc.bold(`situation ${index}, from the draft to version ${last.revision}, which was verified`) + (texts.length === 0 ? '' : `; critics: ${texts.join(', ')}`),
    `  from: ${first.initial_state}`,
    ...(first.target_state === null ? [] : [`  to:   ${first.target_state}`]),
    planDiffText(plan(first), plan(last), LONGEST_DIFF),
  ].join('\n');
}
