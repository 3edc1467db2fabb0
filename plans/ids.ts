import type { Explanation, PlanNode } from '../schemas/plan.ts';
import { walk } from './tree.ts';

/** The ids of one answer: what the model calls its new nodes, and what code calls them. */
export class MintedIds {
  nextId: number;
  private readonly minted = new Map<string, string>();
  private readonly called = new Map<string, string>();

  constructor(nextId: number) {
    this.nextId = nextId;
  }

  /** Gives a node and all its descendants fresh ids, in pre-order. `fixed` holds those that have an id already. */
  mint(root: PlanNode, fixed: ReadonlyMap<PlanNode, string> = new Map()): void {
    for (const { node } of walk({ nodes: [root] })) {
      const id = fixed.get(node) ?? `n${this.nextId++}`;
      this.minted.set(node.id, id);
      this.called.set(id, node.id);
      node.id = id;
    }
  }

  /** The id of the new node that the model calls so. */
  of(name: string): string | undefined {
    return this.minted.get(name);
  }

  /** What the model calls a node; its id, where the model did not make it. */
  readonly nameOf = (id: string): string => this.called.get(id) ?? id;
}

/**
 * The explanation with the node ids that code uses. `resolve` gives the ids that a name stands for: one, or none for a node
 * that was left out for a fault of its own; undefined for a name it does not know, which is dropped and reported.
 */
export function resolveSupports(
  explanation: Explanation,
  resolve: (name: string) => string[] | undefined,
): { explanation: Explanation; faults: string[] } {
  const faults: string[] = [];
  const resolved = explanation.arguments.map(({ claim, premises, supports }, i) => ({
    claim,
    premises: [...premises],
    supports: supports.flatMap((name) => {
      const ids = resolve(name);
      if (ids === undefined) faults.push(unknownSupport(i, name));
      return ids ?? [];
    }),
  }));
  return { explanation: { text: explanation.text, arguments: resolved }, faults };
}

export function unknownSupport(argument: number, name: string): string {
  return `explanation.arguments[${argument}].supports: "${name}" is not a node of the plan; name nodes by their ids`;
}
