import { renumber } from '../../plans/renumber.ts';
import { planLines } from '../../plans/text.ts';
import { walk } from '../../plans/tree.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import type { Explanation, Plan } from '../../schemas/plan.ts';
import type { ExportOptions } from '../../schemas/exports.ts';
import type { ExportedVersion } from './source.ts';

/** What a model should answer, or should not: the version's plan, node ids counted anew, and where it is asked for the explanation. */
export function completionText({ plan, row }: ExportedVersion, { completion, with: addition }: Pick<ExportOptions, 'completion' | 'with'>): string {
  const fresh = renumber(plan, JSON.parse(row.explanation) as Explanation);
  const explained = addition === 'explanation';
  if (completion === 'json') return canonicalJson(explained ? fresh : fresh.plan);
  return [planLines(fresh.plan).join('\n'), ...(explained ? [explanationText(fresh.explanation)] : [])].join('\n\n');
}

/** A line of the plan as text, without a line break at its end. */
export interface Step {
  text: string;
  /** The node it shows, by its id in the source; null for the stance. */
  node: string | null;
}

/** The lines of the plan as `completionText` has them, node by node. */
export function planSteps(plan: Plan): Step[] {
  const lines = planLines(renumber(plan, { text: '', arguments: [] }).plan);
  const nodes = [...walk(plan)].map(({ node }) => node.id);
  return lines.map((text, i) => ({ text, node: i === 0 ? null : (nodes[i - 1] as string) }));
}

function explanationText({ text, arguments: all }: Explanation): string {
  const lines = all.map(({ claim, premises, supports }) => `- ${claim} For: ${premises.join(' ')}${supports.length === 0 ? '' : ` (${supports.join(', ')})`}`);
  return [`Why: ${text}`, ...lines].join('\n');
}
