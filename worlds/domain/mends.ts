import { characteristics, findPlace, flatten, type Place } from '../../plans/tree.ts';
import type { Level } from '../../schemas/levels.ts';
import { TARGET_ID, type ActionNode, type Characteristics, type Plan, type PlanNode } from '../../schemas/plan.ts';
import type { Edit, WireAction, WireState } from '../../schemas/wire.ts';
import type { Misstatement } from './claims.ts';
import { claimsOf, subPlanOf } from './layout.ts';
import type { Leaf } from './leaves.ts';
import type { Operator } from './operator.ts';
import type { Task } from './scene.ts';

/** Text and claims of an action to come. */
export interface Deed {
  /** Makes its temporary ids differ from others' in one script. */
  tag: string;
  text: string;
  claims: Characteristics;
  /** What holds afterwards. */
  after: string;
}

export function deedOf(op: Operator, tag: string): Deed {
  return { tag: `${tag}-${op.id}`, text: op.text, claims: claimsOf(op), after: op.after };
}

export function edit(op: Edit['op'], node: string, given: Partial<Edit> = {}): Edit {
  return { op, node, text: '', states: [], actions: [], field: '', value: 0, resources: [], moralCost: [], ...given };
}

/** Puts a deed right before a leaf: in its list or, where it opens a sub-plan, before the action that holds it. */
export function before(plan: Plan, leaf: Leaf, deed: Deed): Edit[] {
  let place: Place = leaf;
  while (place.order === 0) place = findPlace(plan, place.parent) as Place;
  const state = place.siblings[place.order - 1] as PlanNode;
  return [edit('insert', state.id, fresh(deed, state.level, deed.after))];
}

/** Puts a deed right after a leaf, in its list. */
export function after({ node, order, siblings, operator }: Leaf, deed: Deed): Edit[] {
  const state = siblings[order + 1];
  if (state && state.id !== TARGET_ID) return [edit('insert', state.id, fresh(deed, state.level, deed.after))];
  return [edit('insert', node.id, fresh(deed, node.level, operator?.after ?? 'That is done.'))];
}

/** Puts a deed at position `k` of the leaves: before the k-th, after the last where there is none. */
export function at(plan: Plan, leaves: Leaf[], k: number, deed: Deed): Edit[] {
  const leaf = leaves[k];
  return leaf ? before(plan, leaf, deed) : after(leaves.at(-1) as Leaf, deed);
}

/** Takes a leaf out; nothing where it is the plan's only action. */
export function remove({ node, siblings, parent }: Leaf): Edit[] {
  return parent === '' && siblings.length <= 3 ? [] : [edit('remove', node.id)];
}

export function replace({ node }: Leaf, deed: Deed): Edit[] {
  return [edit('replace', node.id, { actions: [wireAction(deed, node.level)] })];
}

/** Gives the action that names a task the task's sub-plan. */
export function workOut({ node }: Leaf, task: Task, level: Level): Edit[] {
  let count = 0;
  const nodes = subPlanOf(task, level, () => `t-${node.id}-${++count}`);
  const states: WireState[] = [];
  const actions: WireAction[] = [];
  for (const [order, { id, text, ...rest }] of nodes.entries()) {
    if (rest.kind === 'state') states.push({ id, parent: '', order, level, text });
    else actions.push({ id, parent: '', order, level, text, success: rest.success, durationS: rest.durationS, resources: rest.resources, moralCost: rest.moralCost });
  }
  return [edit('expand', node.id, { states, actions })];
}

/** Sets the figures that a plan states wrongly. */
export function restate(node: ActionNode, wrong: Misstatement[], right: Characteristics): Edit[] {
  return wrong.map(({ field }) => setFigure(node.id, field, right));
}

/** Puts other text and claims on a node, which keeps its id. */
export function rewrite(node: string, { text, claims }: Pick<Deed, 'text' | 'claims'>): Edit[] {
  return [edit('label', node, { text }), ...(['success', 'durationS', 'resources', 'moralCost'] as const).map((field) => setFigure(node, field, claims))];
}

function setFigure(node: string, field: Misstatement['field'], claims: Characteristics): Edit {
  if (field === 'resources' || field === 'moralCost') return edit('characteristic', node, { field, [field]: claims[field] });
  return edit('characteristic', node, { field, value: claims[field] });
}

function fresh(deed: Deed, level: Level, stateText: string): Pick<Edit, 'states' | 'actions'> {
  return { actions: [wireAction(deed, level)], states: [{ id: `t-${deed.tag}-s`, parent: '', order: 0, level, text: stateText }] };
}

function wireAction({ tag, text, claims }: Deed, level: Level): WireAction {
  return { id: `t-${tag}`, parent: '', order: 0, level, text, ...claims };
}

/** Puts top actions, sub-plans and all, before another top action, in the order given; `afterText` says what holds after each. */
export function moveBefore(plan: Plan, target: ActionNode, moved: { action: ActionNode; afterText: string }[]): Edit[] {
  let anchor = plan.nodes[plan.nodes.indexOf(target) - 1]?.id ?? '';
  return moved.flatMap(({ action, afterText }) => {
    const deed: Deed = { tag: action.id, text: action.text, claims: structuredClone(characteristics(action)), after: afterText };
    const inserted = edit('insert', anchor, fresh(deed, action.level, afterText));
    anchor = `t-${action.id}-s`;
    return [inserted, ...subPlan(action, `t-${action.id}`), edit('remove', action.id)];
  });
}

/** The edit that gives the node `to` a copy of an action's sub-plan; none where it has none. */
export function subPlan(action: ActionNode, to: string): Edit[] {
  if (action.children.length === 0) return [];
  const { states, actions } = flatten({ nodes: action.children });
  const renamed = <T extends WireState>(nodes: T[]) => nodes.map((node) => ({ ...node, id: copied(node.id), parent: node.parent === '' ? '' : copied(node.parent) }));
  return [edit('expand', to, { states: renamed(states), actions: renamed(actions) })];
}

/** Temporary id of a node's copy. */
export function copied(id: string): string {
  return `t-new-${id}`;
}
