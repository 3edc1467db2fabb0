import { INITIAL_ID, TARGET_ID, type Explanation, type Plan, type PlanNode } from '../schemas/plan.ts';
import { walk } from './tree.ts';

export interface Renumbered {
  plan: Plan;
  /** The explanation, its supports named anew; ids that the plan lacks are left as they are. */
  explanation: Explanation;
}

/**
 * The plan with its minted ids counted anew in pre-order: n1, n2, ... Ids tell how often a plan was revised (those of a draft run from 1
 * without a gap, a later version's do not), so whoever learns from the text of versions must not see them.
 */
export function renumber(plan: Plan, explanation: Explanation): Renumbered {
  const ids = new Map<string, string>();
  let next = 1;
  for (const { node } of walk(plan)) ids.set(node.id, node.id === INITIAL_ID || node.id === TARGET_ID ? node.id : `n${next++}`);
  const fresh = (id: string) => ids.get(id) ?? id;
  const named = (node: PlanNode): PlanNode =>
    node.kind === 'state' ? { ...node, id: fresh(node.id) } : { ...node, id: fresh(node.id), children: node.children.map(named) };
  return {
    plan: { ...plan, nodes: plan.nodes.map(named), nextId: next },
    explanation: { ...explanation, arguments: explanation.arguments.map((each) => ({ ...each, supports: each.supports.map(fresh) })) },
  };
}
