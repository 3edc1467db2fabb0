import type { Plan } from '../schemas/plan.ts';
import { nodesDiffer } from './material.ts';
import { walk } from './tree.ts';

/** Ids of the nodes of `plan` that stand in `later`, too, and do not differ there materially; sub-plans count by their own nodes. */
export function standing(plan: Plan, later: Plan, tolerance: number): Set<string> {
  const nodes = new Map([...walk(later)].map(({ node }) => [node.id, node]));
  const ids = new Set<string>();
  for (const { node } of walk(plan)) {
    const then = nodes.get(node.id);
    if (then !== undefined && !nodesDiffer(node, then, tolerance)) ids.add(node.id);
  }
  return ids;
}

/** Number of nodes of either plan that do not stand in the other: every material change but that of the stance raises it. */
export function nodesApart(a: Plan, b: Plan, tolerance: number): number {
  return size(a) + size(b) - 2 * standing(a, b, tolerance).size;
}

function size(plan: Plan): number {
  return [...walk(plan)].length;
}
