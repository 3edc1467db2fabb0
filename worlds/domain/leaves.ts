import { walk, type Place } from '../../plans/tree.ts';
import type { ActionNode, Plan } from '../../schemas/plan.ts';
import { normalised, type Operator } from './operator.ts';
import { nominal, type Physics, type WorldState } from './physics.ts';
import type { Scene, Task } from './scene.ts';

/** An action that is carried out: an action with a sub-plan is its sub-plan. */
export interface Leaf<O extends Operator = Operator> extends Place {
  node: ActionNode;
  /** What the text means in this world; null for texts it does not know. */
  operator: O | null;
  /** Set where the text names a task that has no sub-plan yet. */
  task: Task<O> | null;
}

/** In the order in which they are carried out. */
export function leavesOf<O extends Operator>(scene: Pick<Scene<O>, 'byText' | 'tasksByText'>, plan: Pick<Plan, 'nodes'>): Leaf<O>[] {
  return [...walk(plan)].flatMap((place) => {
    const { node } = place;
    if (node.kind !== 'action' || node.children.length > 0) return [];
    const text = normalised(node.text);
    return [{ ...place, node, operator: scene.byText.get(text) ?? null, task: scene.tasksByText.get(text) ?? null }];
  });
}

/** What a leaf does: its operator, or those of the task that it names. */
export function operatorsIn<O extends Operator>({ operator, task }: Leaf<O>): O[] {
  return operator ? [operator] : (task?.operators ?? []);
}

/** Position after `k` before which an operator first becomes possible if all goes well and the k-th leaf is left out; -1: nowhere. */
export function laterPosition<O extends Operator, S extends WorldState>(leaves: Leaf<O>[], k: number, from: S, op: O, physics: Physics<O, S>): number {
  let state = from;
  for (let i = k + 1; i < leaves.length; i++) {
    for (const each of operatorsIn(leaves[i] as Leaf<O>)) state = nominal(each, state, physics);
    if (physics.possible(op, state)) return i + 1;
  }
  return -1;
}
