import { walk, type Place } from '../../plans/tree.ts';
import type { ActionNode, Plan } from '../../schemas/plan.ts';
import { normalised, type Operator } from './operator.ts';
import type { Scene, Task } from './scene.ts';

/** An action that is carried out: an action with a sub-plan is its sub-plan. */
export interface Leaf extends Place {
  node: ActionNode;
  /** What the text means in this world; null for texts it does not know. */
  operator: Operator | null;
  /** Set where the text names a task that has no sub-plan yet. */
  task: Task | null;
}

/** In the order in which they are carried out. */
export function leavesOf(scene: Scene, plan: Pick<Plan, 'nodes'>): Leaf[] {
  return [...walk(plan)].flatMap((place) => {
    const { node } = place;
    if (node.kind !== 'action' || node.children.length > 0) return [];
    const text = normalised(node.text);
    return [{ ...place, node, operator: scene.byText.get(text) ?? null, task: scene.tasksByText.get(text) ?? null }];
  });
}
