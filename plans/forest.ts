import type { ActionNode, PlanNode, StateNode } from '../schemas/plan.ts';
import type { WireAction, WireState } from '../schemas/wire.ts';
import { characteristics } from './tree.ts';

/** A tree node for a wire node, with the writer's id, copied; no sub-plan yet. */
function leaf(wire: WireState | WireAction): PlanNode {
  const { id, level, text } = wire;
  if (!('success' in wire)) return { kind: 'state', id, level, text } satisfies StateNode;
  return { kind: 'action', id, level, text, ...structuredClone(characteristics(wire)), children: [] } satisfies ActionNode;
}

/**
 * Grows the trees that two flat lists describe, each list of siblings sorted by `order`; ids stay the writer's own. `nodes`
 * is the list of parent "". A node without an id or a parent is left out with its descendants, as are duplicates after their first.
 */
export function growForest(states: WireState[], actions: WireAction[]): { nodes: PlanNode[]; faults: string[] } {
  const faults: string[] = [];
  const wires = new Map<string, WireState | WireAction>();
  for (const wire of [...states, ...actions]) {
    if (wire.id === '') faults.push(`a node ("${wire.text}") has the id ""; give it an id of its own`);
    else if (wires.has(wire.id)) faults.push(`${wire.id}: two nodes have this id; ids must be unique across states and actions`);
    else wires.set(wire.id, wire);
  }

  const lists = new Map<string, (WireState | WireAction)[]>();
  const grounded = new Set(['']);
  for (const wire of wires.values()) {
    const parent = wires.get(wire.parent);
    if (wire.parent !== '' && !parent) {
      faults.push(`${wire.id}: parent "${wire.parent}" is not given; parent must be "" (the top list) or the id of one of these actions`);
    } else if (parent && !('success' in parent)) {
      faults.push(`${wire.id}: parent "${wire.parent}" is a state; only an action can hold a sub-plan`);
    } else if (isOwnAncestor(wire, wires, grounded)) {
      faults.push(`${wire.id}: it is its own ancestor; the chain of parents must end at "" (the top list)`);
    } else {
      const list = lists.get(wire.parent);
      if (list) list.push(wire);
      else lists.set(wire.parent, [wire]);
    }
  }
  return { nodes: connect(lists, faults), faults };
}

/** `grounded` collects the ids whose chain of parents is known to end, so that long chains are climbed once. */
function isOwnAncestor(wire: WireState, wires: Map<string, WireState>, grounded: Set<string>): boolean {
  const climbed = new Set<string>();
  let id = wire.parent;
  while (!grounded.has(id) && !climbed.has(id)) {
    if (id === wire.id) return true;
    climbed.add(id);
    id = wires.get(id)?.parent ?? '';
  }
  if (grounded.has(id)) for (const one of climbed) grounded.add(one);
  return false;
}

function connect(lists: Map<string, (WireState | WireAction)[]>, faults: string[]): PlanNode[] {
  const nodes: PlanNode[] = [];
  const open = [{ id: '', children: nodes }];
  for (let parent = open.pop(); parent; parent = open.pop()) {
    const list = (lists.get(parent.id) ?? []).toSorted((a, b) => a.order - b.order);
    for (const [i, wire] of list.entries()) {
      const before = list[i - 1];
      if (before && before.order === wire.order) {
        const where = parent.id === '' ? 'the top list' : `the sub-plan of ${parent.id}`;
        faults.push(`${wire.id}: has the same order ${wire.order} as ${before.id} in ${where}; states and actions share one numbering without ties`);
      }
      const node = leaf(wire);
      parent.children.push(node);
      if (node.kind === 'action') open.push(node);
    }
  }
  return nodes;
}
