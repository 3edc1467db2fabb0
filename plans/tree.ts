import type { ActionNode, Plan, PlanNode, StateNode } from '../schemas/plan.ts';
import type { WireAction, WireState } from '../schemas/wire.ts';

/** A node and where it stands: `parent` is the id of the action whose sub-plan holds it ("" at the top), `order` its index in `siblings`. */
export interface Place {
  node: PlanNode;
  parent: string;
  order: number;
  siblings: PlanNode[];
}

/** Every node in pre-order. Iterative, so that no depth of nesting overflows the stack. */
export function* walk(plan: Pick<Plan, 'nodes'>): Generator<Place> {
  const open: { parent: string; siblings: PlanNode[]; order: number }[] = [{ parent: '', siblings: plan.nodes, order: 0 }];
  for (let list = open.at(-1); list; list = open.at(-1)) {
    const { parent, siblings, order } = list;
    const node = siblings[order];
    if (!node) {
      open.pop();
      continue;
    }
    list.order += 1;
    yield { node, parent, order, siblings };
    if (node.kind === 'action') open.push({ parent: node.id, siblings: node.children, order: 0 });
  }
}

export function findPlace(plan: Pick<Plan, 'nodes'>, id: string): Place | undefined {
  for (const place of walk(plan)) if (place.node.id === id) return place;
  return undefined;
}

export function findNode(plan: Pick<Plan, 'nodes'>, id: string): PlanNode | undefined {
  return findPlace(plan, id)?.node;
}

/** The plan as the two flat lists in which it travels, each in pre-order; inverse of growing a forest. */
export function flatten(plan: Pick<Plan, 'nodes'>): { states: WireState[]; actions: WireAction[] } {
  const states: WireState[] = [];
  const actions: WireAction[] = [];
  for (const { node, parent, order } of walk(plan)) {
    if (node.kind === 'state') states.push(wire(node, parent, order));
    else actions.push({ ...wire(node, parent, order), ...structuredClone(characteristics(node)) });
  }
  return { states, actions };
}

/** An action's own numbers, without its text, place and sub-plan. */
export function characteristics(action: Pick<ActionNode, 'success' | 'durationS' | 'resources' | 'moralCost'>) {
  const { success, durationS, resources, moralCost } = action;
  return { success, durationS, resources, moralCost };
}

function wire({ id, level, text }: StateNode | ActionNode, parent: string, order: number): WireState {
  return { id, parent, order, level, text };
}
