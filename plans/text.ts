import type { ActionNode, Plan, PlanNode } from '../schemas/plan.ts';
import type { NodeRow } from '../schemas/rows.ts';
import { walk } from './tree.ts';

/**
 * The plan to read, one line a node, sub-plans indented under their action:
 *
 *     stance: pursue
 *     s0 [hours] The battery is at 40 %.
 *     n1 [hours] -> Drive to the dock. (success 0.9, 1200 s, energy 3 Wh, moral cost 0.1 on residents: noise)
 */
export function planText(plan: Plan): string {
  return planLines(plan).join('\n');
}

/** The lines of `planText`. */
export function planLines(plan: Plan): string[] {
  const depth = new Map<string, number>([['', 0]]);
  const lines = [describeStance(plan)];
  for (const { node, parent } of walk(plan)) {
    const indent = depth.get(parent) ?? 0;
    depth.set(node.id, indent + 1);
    lines.push(`${'  '.repeat(indent)}${node.id} [${node.level}] ${describeNode(node)}`);
  }
  return lines;
}

/** The plan's nodes in pre-order, as rows of the data table. */
export function planNodes(plan: Plan): NodeRow[] {
  return [...walk(plan)].map(({ node, parent, order }) => ({
    id: node.id,
    kind: node.kind,
    level: node.level,
    parent,
    order,
    text: node.text,
    success: node.kind === 'action' ? node.success : null,
    duration_s: node.kind === 'action' ? node.durationS : null,
    moral_cost: node.kind === 'action' ? node.moralCost.reduce((sum, { amount }) => sum + amount, 0) : null,
  }));
}

/** The line that a plan begins with. */
export function describeStance({ stance, stanceArgument }: Pick<Plan, 'stance' | 'stanceArgument'>): string {
  return `stance: ${stance}${stanceArgument === '' ? '' : ` - ${oneLine(stanceArgument)}`}`;
}

/** A node in one line, without its id and level. `lasting` says an action's duration, given in seconds. */
export function describeNode(node: PlanNode, lasting = (seconds: number) => `${seconds} s`): string {
  if (node.kind === 'state') return oneLine(node.text);
  return `-> ${node.text.trim() === '' ? '(placeholder)' : oneLine(node.text)} (${figures(node, lasting)})`;
}

function figures({ success, durationS, resources, moralCost }: ActionNode, lasting: (seconds: number) => string): string {
  return [
    `success ${success}`,
    lasting(durationS),
    ...resources.map(({ name, amount, unit }) => `${oneLine(name)} ${amount}${unit === '1' ? '' : ` ${unit}`}`),
    ...moralCost.map(({ on, amount, why }) => oneLine(`moral cost ${amount} on ${on}${why === '' ? '' : `: ${why}`}`)),
  ].join(', ');
}

/** As it stands in `planText`: without space around it, and without line breaks. */
export function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*[\r\n\u2028\u2029]\s*/g, ' ');
}
