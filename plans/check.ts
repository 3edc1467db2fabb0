import { LEVELS, levelIndex, type Level } from '../schemas/levels.ts';
import { Characteristics, INITIAL_ID, TARGET_ID, type Plan, type PlanNode } from '../schemas/plan.ts';
import type { SituationContent } from '../schemas/situation.ts';
import { characteristics, walk } from './tree.ts';

export { checkExplanation } from './argument.ts';

/** What the reader of a fault calls the node with this id. */
export type NameOf = (id: string) => string;

const asIs: NameOf = (id) => id;

/** Faults of a plan as an answer to a situation, one line each; none when the plan is sound. */
export function checkPlan(plan: Plan, situation: SituationContent, nameOf: NameOf = asIs): string[] {
  return [...checkShape(plan, nameOf, situation.horizon), ...checkEnds(plan, situation, nameOf)];
}

/** The faults that can be seen without the situation; `levels` are those allowed, finest first. */
export function checkShape(plan: Plan, nameOf: NameOf = asIs, levels: readonly Level[] = LEVELS): string[] {
  const faults = [...checkIds(plan, nameOf), ...alternation(plan.nodes, 'top', 'the top list', nameOf), ...checkLevels(plan, levels, nameOf)];
  if (plan.stance !== 'pursue' && plan.stanceArgument.trim() === '') {
    faults.push(`stanceArgument: is empty; the stance ${plan.stance} needs an argument`);
  }
  for (const { node } of walk(plan)) {
    const name = nameOf(node.id);
    if (node.kind === 'state') {
      if (node.text.trim() === '') faults.push(`${name}: its text is empty; a state must be described`);
      continue;
    }
    if (node.children.length > 0) faults.push(...alternation(node.children, 'sub-plan', `the sub-plan of ${name}`, nameOf));
    for (const { path, message } of Characteristics.safeParse(characteristics(node)).error?.issues ?? []) {
      faults.push(`${name}: ${path.join('.')}: ${message}`);
    }
  }
  return faults;
}

/** Faults of one list of siblings: a top list begins and ends with a state, a sub-plan with an action, both have at least three nodes. */
export function alternation(nodes: PlanNode[], list: 'top' | 'sub-plan', where: string, nameOf: NameOf = asIs): string[] {
  const [end, pattern] = list === 'top' ? (['state', 'state, action, state'] as const) : (['action', 'action, state, action'] as const);
  if (nodes.length < 3) return [`${where}: has ${nodes.length} nodes; it must hold at least ${pattern}`];
  const faults: string[] = [];
  const ends = [['begins', nodes[0]], ['ends', nodes.at(-1)]] as const;
  for (const [verb, node] of ends) {
    if (node && node.kind !== end) faults.push(`${where}: ${verb} with the ${node.kind} ${nameOf(node.id)}; it must run ${pattern}, and so on`);
  }
  for (const [i, node] of nodes.entries()) {
    const before = nodes[i - 1];
    if (before?.kind === node.kind) {
      const between = node.kind === 'state' ? 'an action' : 'a state';
      faults.push(`${where}: the ${node.kind}s ${nameOf(before.id)} and ${nameOf(node.id)} follow each other; put ${between} between them`);
    }
  }
  return faults;
}

function checkIds(plan: Plan, nameOf: NameOf): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const { node } of walk(plan)) {
    const { id } = node;
    const number = /^n([1-9]\d*)$/.exec(id)?.[1];
    if (seen.has(id)) faults.push(`${nameOf(id)}: two nodes have this id; ids must be unique`);
    else if (id === INITIAL_ID && node !== plan.nodes[0]) faults.push(`${nameOf(id)}: this id belongs to the first state of the top list`);
    else if (id === TARGET_ID && node !== plan.nodes.at(-1)) faults.push(`${nameOf(id)}: this id belongs to the last state of the top list`);
    else if (number === undefined ? id !== INITIAL_ID && id !== TARGET_ID : Number(number) >= plan.nextId) {
      faults.push(`${nameOf(id)}: is not an id that was given out; ids are ${INITIAL_ID}, ${TARGET_ID} and n1 to n${plan.nextId - 1}`);
    }
    seen.add(id);
  }
  return faults;
}

function checkLevels(plan: Plan, levels: readonly Level[], nameOf: NameOf): string[] {
  const faults: string[] = [];
  const top = plan.nodes[0]?.level;
  if (top === undefined) return [];
  if (!levels.includes(top)) faults.push(`${nameOf(plan.nodes[0]?.id ?? '')}: its level ${top} is outside the horizon; the top list must be at one of ${levels.join(', ')}`);
  // Sub-plans missing from this map hang under a fault that is already reported.
  const expected = new Map<PlanNode[], Level>([[plan.nodes, top]]);
  for (const { node, parent, siblings } of walk(plan)) {
    const level = expected.get(siblings);
    if (level === undefined) continue;
    if (node.level !== level) {
      const rule = parent === '' ? 'like the first node of the top list' : `one finer than ${nameOf(parent)}, whose sub-plan it is in`;
      faults.push(`${nameOf(node.id)}: its level is ${node.level}; it must be ${level}, ${rule}`);
    }
    if (node.kind !== 'action' || node.children.length === 0 || !levels.includes(level)) continue;
    const finer = LEVELS[levelIndex(level) - 1];
    if (finer !== undefined && levels.includes(finer)) expected.set(node.children, finer);
    else faults.push(`${nameOf(node.id)}: has a sub-plan, but ${level} is the finest level allowed; remove the sub-plan`);
  }
  return faults;
}

function checkEnds(plan: Plan, { initial, target }: SituationContent, nameOf: NameOf): string[] {
  const faults: string[] = [];
  const first = plan.nodes[0];
  const last = plan.nodes.at(-1);
  if (first?.kind === 'state') {
    const name = nameOf(first.id);
    if (first.id !== INITIAL_ID) faults.push(`${name}: the first state must have the id ${INITIAL_ID}`);
    if (first.text !== initial) faults.push(`${name}: the first state's text must be the situation's initial state: ${JSON.stringify(initial)}`);
  }
  if (last?.kind === 'state' && last !== first) {
    const name = nameOf(last.id);
    if (target === null) {
      if (last.id === TARGET_ID) faults.push(`${name}: the situation has no target, so no node may have the id ${TARGET_ID}`);
    } else {
      if (last.id !== TARGET_ID) faults.push(`${name}: the last state must have the id ${TARGET_ID}, for the situation has a target`);
      if (plan.stance === 'pursue' && last.text !== target) {
        faults.push(`${name}: under the stance pursue the last state's text must be the situation's target: ${JSON.stringify(target)}`);
      }
    }
  }
  return faults;
}
