import type { Leaf } from './leaves.ts';
import type { Operator } from './operator.ts';
import type { Scene } from './scene.ts';
import { effect, possible, type WorldState } from './state.ts';

/** One try of an operator that succeeds wherever it is possible; its energy is drawn in any case, below zero if need be. */
export function nominal(op: Operator, state: WorldState, capacityWh: number): WorldState {
  const drained = { ...state, batteryWh: state.batteryWh - op.energyWh };
  return possible(op, state) ? effect(op, drained, capacityWh) : drained;
}

/** Position after `k` before which an operator first becomes possible if all goes well and the k-th leaf is left out; -1: nowhere. */
export function laterPosition(scene: Scene, leaves: Leaf[], k: number, from: WorldState, op: Operator): number {
  let state = from;
  for (let i = k + 1; i < leaves.length; i++) {
    for (const each of operatorsIn(leaves[i] as Leaf)) state = nominal(each, state, scene.capacityWh);
    if (possible(op, state)) return i + 1;
  }
  return -1;
}

/** What a leaf does: its operator, or those of the task that it names. */
export function operatorsIn({ operator, task }: Leaf): Operator[] {
  return operator ? [operator] : (task?.operators ?? []);
}
