import { contentHash } from '../schemas/canonical.ts';
import type { Plan, PlanNode } from '../schemas/plan.ts';
import { walk } from './tree.ts';

/**
 * Share, 0 to 1, of a plan's nodes that another version holds as they were (id, level, text and characteristics; sub-plans aside).
 * Nodes that a finding named are not counted; 1 where none is left to count.
 */
export function shareKept(before: Plan, after: Plan, named: ReadonlySet<string>): number {
  const now = new Map([...walk(after)].map(({ node }) => [node.id, ownHash(node)]));
  const counted = [...walk(before)].map(({ node }) => node).filter((node) => !named.has(node.id));
  if (counted.length === 0) return 1;
  return counted.filter((node) => now.get(node.id) === ownHash(node)).length / counted.length;
}

function ownHash(node: PlanNode): string {
  return contentHash(node.kind === 'action' ? { ...node, children: [] } : node);
}
