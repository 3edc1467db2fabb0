import { contentHash } from '../schemas/canonical.ts';
import type { ActionNode, MoralCost, Plan, PlanNode, Resource } from '../schemas/plan.ts';
import { oneLine } from './text.ts';
import { walk } from './tree.ts';

/** Moral cost is a share in [0, 1], so its tolerance is absolute. */
export const MORAL_COST_TOLERANCE = 0.05;

/** Rounding slack, relative: 0.95 and 1 differ by 5 % exactly, whatever binary fractions say. */
const SLACK = 1e-9;

/**
 * Whether two plans differ in structure (levels included), a text, the stance, or a characteristic beyond `tolerance` (a share of the
 * larger value). Ids, the stance's argument, the order of resources, the reasons of moral costs and what `planText` does not show of a text
 * (space around it, line breaks) do not count.
 */
export function isMaterial(a: Plan, b: Plan, tolerance: number): boolean {
  if (a.stance !== b.stance) return true;
  const before = [...walk(a)];
  const after = [...walk(b)];
  if (before.length !== after.length) return true;
  // Equal numbers of children, node by node in pre-order, mean trees of equal shape.
  return before.some(({ node }, i) => {
    const other = after[i];
    return !other || differ(node, other.node, tolerance);
  });
}

function differ(a: PlanNode, b: PlanNode, tolerance: number): boolean {
  if (nodesDiffer(a, b, tolerance)) return true;
  return a.kind === 'action' && b.kind === 'action' && a.children.length !== b.children.length;
}

/** Whether two nodes differ materially in themselves, whatever their sub-plans. */
export function nodesDiffer(a: PlanNode, b: PlanNode, tolerance: number): boolean {
  if (a.kind !== b.kind || a.level !== b.level || oneLine(a.text) !== oneLine(b.text)) return true;
  return a.kind === 'action' && b.kind === 'action' && characteristicsDiffer(a, b, tolerance);
}

function characteristicsDiffer(a: ActionNode, b: ActionNode, tolerance: number): boolean {
  if (beyond(a.success, b.success, tolerance) || beyond(a.durationS, b.durationS, tolerance)) return true;
  const [amountsA, amountsB] = [resourceAmounts(a.resources), resourceAmounts(b.resources)];
  if (amountsA.size !== amountsB.size) return true;
  for (const [resource, amount] of amountsA) {
    const other = amountsB.get(resource);
    if (other === undefined || beyond(amount, other, tolerance)) return true;
  }
  const [costsA, costsB] = [moralAmounts(a.moralCost), moralAmounts(b.moralCost)];
  return [...costsA.keys(), ...costsB.keys()].some(
    (on) => Math.abs((costsA.get(on) ?? 0) - (costsB.get(on) ?? 0)) > MORAL_COST_TOLERANCE + SLACK,
  );
}

function beyond(a: number, b: number, tolerance: number): boolean {
  return Math.abs(a - b) > (tolerance + SLACK) * Math.max(Math.abs(a), Math.abs(b));
}

function resourceAmounts(resources: Resource[]): Map<string, number> {
  return sums(resources.map(({ name, unit, amount }) => [JSON.stringify([oneLine(name), unit]), amount]));
}

function moralAmounts(costs: MoralCost[]): Map<string, number> {
  return sums(costs.map(({ on, amount }) => [oneLine(on), amount]));
}

function sums(entries: [string, number][]): Map<string, number> {
  const total = new Map<string, number>();
  for (const [key, amount] of entries) total.set(key, (total.get(key) ?? 0) + amount);
  return total;
}

/** sha256 of the plan's canonical JSON without ids: plans that differ only in ids hash equal. */
export function planHash({ stance, stanceArgument, nodes }: Plan): string {
  return contentHash({ stance, stanceArgument, nodes: nodes.map(withoutId) });
}

function withoutId({ id: _, ...node }: PlanNode): object {
  return node.kind === 'action' ? { ...node, children: node.children.map(withoutId) } : node;
}
