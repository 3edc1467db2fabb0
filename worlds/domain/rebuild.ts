import type { ActionNode, Plan } from '../../schemas/plan.ts';
import type { Edit, WireAction } from '../../schemas/wire.ts';
import { characteristics } from '../../plans/tree.ts';
import { copied, edit, subPlan } from './mends.ts';

/** The edits that turn one plan into another of the same situation, all of it but its two ends. */
export function rebuild(from: Plan, to: Plan): Edit[] {
  const [first, ...others] = actionsOf(from);
  const [start, ...further] = actionsOf(to);
  if (!first || !start) return [];
  const edits = [
    ...others.map(({ id }) => edit('remove', id)),
    edit('replace', first.id, { actions: [wire(start)] }),
    edit('label', from.nodes.at(-1)?.id ?? '', { text: to.nodes.at(-1)?.text ?? '' }),
    ...subPlan(start, copied(start.id)),
  ];
  let last = start;
  for (const action of further) {
    const state = to.nodes[to.nodes.indexOf(action) - 1];
    if (state) edits.push(edit('insert', copied(last.id), { states: [{ id: copied(state.id), parent: '', order: 0, level: state.level, text: state.text }], actions: [wire(action)] }));
    edits.push(...subPlan(action, copied(action.id)));
    last = action;
  }
  return edits;
}

function actionsOf(plan: Plan): ActionNode[] {
  return plan.nodes.filter((node) => node.kind === 'action');
}

function wire(action: ActionNode): WireAction {
  const { id, level, text } = action;
  return { id: copied(id), parent: '', order: 0, level, text, ...structuredClone(characteristics(action)) };
}
