import type { ActionNode, Plan } from '../../schemas/plan.ts';
import type { Edit } from '../../schemas/wire.ts';
import { leavesOf } from '../domain/leaves.ts';
import { moveBefore } from '../domain/mends.ts';
import type { FlawClass } from '../domain/operator.ts';
import { nominal } from '../domain/physics.ts';
import { misstate, swaps, without, worseWays, type Ways } from '../domain/spoil.ts';
import { shuffled } from '../rng.ts';
import { operatorsOfAction, rankOf, stateAfter } from './order.ts';
import type { HomeScene } from './scene.ts';
import { lateFact } from './state.ts';

/** The ways in which a robot's day can be worse. */
export function waysToWorsen(scene: HomeScene): Ways {
  return (plan: Plan, kind: FlawClass, rng) => {
    const leaves = leavesOf(scene, plan);
    const worse = () => worseWays(scene, leaves, kind);
    const unguarded = () => without(leaves, guards(scene, kind));
    const ways: Record<FlawClass, () => Edit[][]> = {
      harm: () => [...worse(), ...unguarded()],
      permission: () => [...unguarded(), ...without(leaves, ['release'])],
      risk: unguarded,
      scarcity: () => [...worse(), ...unguarded(), ...without(leaves, ['charge'])],
      order: () => [...worse(), ...swaps(leaves, scene.start, scene.physics), ...without(leaves, steps(scene)), ...exchanges(scene, plan)],
      figures: () => leaves.filter(({ operator }) => operator !== null && operator.untilS === null).map((leaf) => misstate(leaf, rng)),
    };
    return shuffled(ways[kind](), rng);
  };
}

/** Operators that bring about what safeguards of a class ask for. */
function guards(scene: HomeScene, kind: FlawClass): string[] {
  const all = [...scene.operators.values()];
  const asked = new Set(all.flatMap(({ safeguards }) => safeguards.filter(({ flaw }) => flaw === kind).map(({ fact }) => fact)));
  return all.filter((op) => !op.insteadOf && op.adds.some((fact) => asked.has(fact))).map(({ id }) => id);
}

/** Operators that others, or the goals, cannot do without. */
function steps(scene: HomeScene): string[] {
  const all = [...scene.operators.values()];
  const asked = new Set([...all.flatMap((op) => op.needs.facts), ...Object.values(scene.goals).flat()]);
  return all.filter((op) => !op.insteadOf && op.adds.some((fact) => asked.has(fact))).map(({ id }) => id);
}

/** A promised errand put before the one that is due first, where something is late then. */
function exchanges(scene: HomeScene, plan: Plan): Edit[][] {
  if (scene.flat) return [];
  const actions = plan.nodes.filter((node): node is ActionNode => node.kind === 'action');
  return actions.flatMap((errand, i) => {
    const next = actions[i + 1];
    if (!next || !keeps(scene, errand) || !keeps(scene, next) || rankOf(scene, next) < rankOf(scene, errand)) return [];
    const exchanged = [...actions.slice(0, i), next, errand, ...actions.slice(i + 2)];
    return isLate(scene, exchanged) ? [moveBefore(plan, errand, [{ action: next, afterText: stateAfter(scene, plan, next) }])] : [];
  });
}

/** Whether an action keeps a pledge. */
function keeps(scene: HomeScene, action: ActionNode): boolean {
  return operatorsOfAction(scene, action).some(({ adds }) => scene.pledges.some(({ fact }) => adds.includes(fact)));
}

/** Whether a pledge is kept late if all goes well. */
function isLate(scene: HomeScene, actions: ActionNode[]): boolean {
  const end = actions.flatMap((action) => operatorsOfAction(scene, action)).reduce((state, op) => nominal(op, state, scene.physics), scene.start);
  return scene.pledges.some(({ fact }) => end.facts.includes(lateFact(fact)));
}
