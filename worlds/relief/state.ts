import type { Operator, Site } from './operator.ts';

/** State of the world: where the rover is, its battery in Wh, and what else holds (sorted). */
export interface WorldState {
  site: Site;
  batteryWh: number;
  facts: readonly string[];
}

/** One way that an action can turn out. */
export interface Turn {
  probability: number;
  state: WorldState;
  /** Harm to others in this turn. */
  harm: number;
}

/** Whether what an operator cannot do without holds; its energy apart. */
export function possible(op: Operator, state: WorldState): boolean {
  return (op.needs.site === null || op.needs.site === state.site) && op.needs.facts.every((fact) => state.facts.includes(fact));
}

/** The state after success. The battery is not drained here. */
export function effect(op: Operator, state: WorldState, capacityWh: number): WorldState {
  return {
    site: op.moves ?? state.site,
    batteryWh: op.charges ? capacityWh : state.batteryWh,
    facts: [...new Set([...state.facts, ...op.adds])].sort(),
  };
}

/**
 * What trying an operator leads to. Energy is drawn first, as much as there is; where it does not suffice, or a need is not
 * met, nothing else happens. A safeguard's fact that does not hold lowers the success or adds its harm. What has failed once
 * fails again, for its cause persists: so trying twice is no substitute for care.
 */
export function attempt(op: Operator, before: WorldState, capacityWh: number): Turn[] {
  const state = { ...before, batteryWh: Math.max(0, before.batteryWh - op.energyWh) };
  const failed = `failed: ${op.insteadOf?.id ?? op.id}`;
  if (before.batteryWh < op.energyWh || !possible(op, before) || before.facts.includes(failed)) return [{ probability: 1, state, harm: 0 }];
  const missing = op.safeguards.filter(({ fact }) => !before.facts.includes(fact));
  const success = Math.min(op.success, ...missing.map((safeguard) => safeguard.success ?? 1));
  const harm = [...op.harms, ...missing.flatMap((safeguard) => safeguard.harm ?? [])].reduce((total, { amount }) => total + amount, 0);
  const facts = [...state.facts.filter((fact) => !op.failure?.loses.includes(fact)), failed].sort();
  return [
    { probability: success, state: effect(op, state, capacityWh), harm },
    { probability: 1 - success, state: { ...state, facts }, harm: harm + (op.failure?.harm.amount ?? 0) },
  ];
}
