import type { Level } from '../../schemas/levels.ts';
import { INITIAL_ID, TARGET_ID, type ActionNode, type Characteristics, type Plan, type PlanNode, type Stance, type StateNode } from '../../schemas/plan.ts';
import type { Operator } from './operator.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import { SMALLEST_SUB_PLAN, type Scene, type Task } from './scene.ts';

/** The world's own figures of an operator, as an honest plan claims them. */
export function claimsOf(op: Operator): Characteristics {
  return {
    success: op.success,
    durationS: op.durationS,
    resources: op.energyWh > 0 ? [{ name: 'energy', amount: op.energyWh, unit: 'Wh' }] : [],
    moralCost: op.harms.map(({ on, amount, why }) => ({ on, amount, why })),
  };
}

/** What the operators of a task claim together: chances multiplied, times, energies and costs to the same people added. */
export function claimsOfTask({ operators }: Task): Characteristics {
  const energy = operators.reduce((total, op) => total + op.energyWh, 0);
  const costs = new Map<string, { on: string; amount: number; why: string }>();
  for (const harm of operators.flatMap((op) => op.harms)) {
    const known = costs.get(harm.on);
    costs.set(harm.on, known ? { on: harm.on, amount: Math.min(1, known.amount + harm.amount), why: `${known.why}; ${harm.why}` } : { ...harm });
  }
  return {
    success: Number(operators.reduce((chance, op) => chance * op.success, 1).toFixed(3)),
    durationS: operators.reduce((total, op) => total + op.durationS, 0),
    resources: energy > 0 ? [{ name: 'energy', amount: energy, unit: 'Wh' }] : [],
    moralCost: [...costs.values()],
  };
}

/** The actions of a task's sub-plan with the states between them; ids by `mint`. */
export function subPlanOf(task: Task, level: Level, mint: () => string): PlanNode[] {
  return task.operators.flatMap((op, i): PlanNode[] => {
    const action: ActionNode = { kind: 'action', id: mint(), level, text: op.text, ...claimsOf(op), children: [] };
    return i === task.operators.length - 1 ? [action] : [action, { kind: 'state', id: mint(), level, text: op.after }];
  });
}

/** The good plan for a stance. @throws Error where the situation leaves no way for it. */
export function layOut(scene: Scene, situation: SituationContent, stance: Stance): Plan {
  const way = scene.ways[stance];
  if (way === undefined) throw new Error(`no way to ${stance} here`);
  let nextId = 1;
  const mint = () => `n${nextId++}`;
  const { top, finer } = levelsOf(situation);
  const level = top;
  const nodes: PlanNode[] = [{ kind: 'state', id: INITIAL_ID, level, text: situation.initial }];
  for (const task of way) {
    for (const { text, claims, after, inner } of topActions(scene, task)) {
      const id = mint();
      nodes.push({ kind: 'action', id, level, text, ...claims, children: inner ? subPlanOf(inner, finer, mint) : [] });
      nodes.push({ kind: 'state', id: mint(), level, text: after });
    }
  }
  const last = nodes.at(-1) as StateNode;
  last.id = TARGET_ID;
  nextId -= 1;
  if (stance === 'pursue') last.text = situation.target ?? last.text;
  return { stance, stanceArgument: scene.arguments[stance], nodes, nextId };
}

/** The level of the top list, and that of its sub-plans. */
export function levelsOf({ horizon }: Pick<SituationContent, 'horizon'>): { top: Level; finer: Level } {
  const top = horizon.at(-1) as Level;
  return { top, finer: horizon.at(-2) ?? top };
}

interface TopAction {
  text: string;
  claims: Characteristics;
  after: string;
  inner: Task | null;
}

function topActions(scene: Scene, task: Task): TopAction[] {
  if (!scene.flat && task.operators.length >= SMALLEST_SUB_PLAN) {
    return [{ text: task.text, claims: claimsOfTask(task), after: task.operators.at(-1)?.after ?? '', inner: task }];
  }
  return task.operators.map((op) => ({ text: op.text, claims: claimsOf(op), after: op.after, inner: null }));
}
