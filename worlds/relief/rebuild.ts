import type { ActionNode, Plan } from '../../schemas/plan.ts';
import type { Edit, WireAction, WireState } from '../../schemas/wire.ts';
import { characteristics, flatten } from '../../plans/tree.ts';
import { edit } from './mends.ts';

/** The edits that turn one plan into another of the same situation, all of it but its two ends. */
export function rebuild(from: Plan, to: Plan): Edit[] {
  const [first, ...others] = actionsOf(from);
  const [start, ...further] = actionsOf(to);
  if (!first || !start) return [];
  const edits = [
    ...others.map(({ id }) => edit('remove', id)),
    edit('replace', first.id, { actions: [wire(start)] }),
    edit('label', from.nodes.at(-1)?.id ?? '', { text: to.nodes.at(-1)?.text ?? '' }),
    ...subPlan(start),
  ];
  let last = start;
  for (const action of further) {
    const state = to.nodes[to.nodes.indexOf(action) - 1];
    if (state) edits.push(edit('insert', tag(last.id), { states: [{ id: tag(state.id), parent: '', order: 0, level: state.level, text: state.text }], actions: [wire(action)] }));
    edits.push(...subPlan(action));
    last = action;
  }
  return edits;
}

function actionsOf(plan: Plan): ActionNode[] {
  return plan.nodes.filter((node) => node.kind === 'action');
}

function subPlan(action: ActionNode): Edit[] {
  if (action.children.length === 0) return [];
  const { states, actions } = flatten({ nodes: action.children });
  const renamed = <T extends WireState>(nodes: T[]) => nodes.map((node) => ({ ...node, id: tag(node.id), parent: node.parent === '' ? '' : tag(node.parent) }));
  return [edit('expand', tag(action.id), { states: renamed(states), actions: renamed(actions) })];
}

function wire(action: ActionNode): WireAction {
  const { id, level, text } = action;
  return { id: tag(id), parent: '', order: 0, level, text, ...structuredClone(characteristics(action)) };
}

function tag(id: string): string {
  return `t-new-${id}`;
}
