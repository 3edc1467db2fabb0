import { TARGET_ID, type ActionNode, type Plan } from '../../schemas/plan.ts';
import type { Edit } from '../../schemas/wire.ts';
import { leavesOf, operatorsIn, type Leaf } from '../domain/leaves.ts';
import { before, deedOf, moveBefore, remove } from '../domain/mends.ts';
import type { HomeOperator } from './operator.ts';
import type { HomeScene } from './scene.ts';

/** How something can come sooner. */
export interface Sooner {
  suggestion: string;
  mend: Edit[];
}

/** Place of an operator, or of what it is done instead of, in the best way; -1 where it has none. */
export function placeOf(scene: HomeScene, op: HomeOperator): number {
  return scene.rank.get(op.insteadOf?.id ?? op.id) ?? -1;
}

/** What an action of the top list does, in order. */
export function operatorsOfAction(scene: HomeScene, action: ActionNode): HomeOperator[] {
  return leavesOf(scene, { nodes: [action] }).flatMap(operatorsIn);
}

/** Place of an action of the top list in the best way: that of the earliest thing it does; -1 for what has none there. */
export function rankOf(scene: HomeScene, action: ActionNode): number {
  const places = operatorsOfAction(scene, action).map((op) => placeOf(scene, op)).filter((place) => place >= 0);
  return places.length === 0 ? -1 : Math.min(...places);
}

/** Puts an action of the top list, and others that belong before it, ahead of the first that the best way does later; null where there is none. */
export function soonerActions(scene: HomeScene, plan: Plan, leaf: Leaf<HomeOperator>): Sooner | null {
  const actions = plan.nodes.filter((node): node is ActionNode => node.kind === 'action');
  const last = actions.findIndex(({ id }) => id === leaf.node.id || id === leaf.parent);
  const ahead = (target: ActionNode, i: number) => actions.slice(i + 1, last + 1).filter((action) => rankOf(scene, action) >= 0 && rankOf(scene, action) < rankOf(scene, target));
  const target = actions.find((action, i) => ahead(action, i).length > 0);
  if (!target) return null;
  const moved = ahead(target, actions.indexOf(target));
  return { suggestion: `first do what can be done before: ${target.text}`, mend: moveBefore(plan, target, moved.map((action) => ({ action, afterText: stateAfter(scene, plan, action) }))) };
}

/** Puts a wait behind what can be done before it; null where there is none. */
export function soonerLeaves(scene: HomeScene, plan: Plan, leaves: Leaf<HomeOperator>[]): Sooner | null {
  const placed = leaves.flatMap((leaf) => (leaf.operator ? [{ leaf, op: leaf.operator, place: placeOf(scene, leaf.operator) }] : []));
  const wait = placed.find(({ op, place }, i) => op.untilS !== null && placed.slice(i + 1).some((other) => other.place >= 0 && other.place < place));
  const next = wait && placed.findLast(({ place }) => place > wait.place);
  if (!wait || !next) return null;
  return { suggestion: `first do what can be done before: ${wait.op.text}`, mend: [...before(plan, next.leaf, deedOf(wait.op, wait.leaf.node.id)), ...remove(wait.leaf)] };
}

/** What holds after an action of the top list, in words that do not speak of the target. */
export function stateAfter(scene: HomeScene, plan: Plan, action: ActionNode): string {
  const state = plan.nodes[plan.nodes.indexOf(action) + 1];
  const told = state?.kind === 'state' && state.id !== TARGET_ID ? state.text : undefined;
  return told ?? operatorsOfAction(scene, action).at(-1)?.after ?? 'That is done.';
}
