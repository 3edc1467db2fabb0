import type { Harm, Operator } from './operator.ts';

/** State of a world: the agent's battery in Wh, and what else holds (sorted). Worlds extend it. */
export interface WorldState {
  batteryWh: number;
  facts: readonly string[];
}

/** How operators change the states of a world. */
export interface Physics<O extends Operator, S extends WorldState> {
  /** Whether what an operator cannot do without holds; its energy apart. */
  possible(op: O, state: S): boolean;
  /** The state after the operator's time and energy are gone; the battery may fall below zero. */
  spent(op: O, state: S): S;
  /** The state after success, apart from time and energy. */
  effect(op: O, state: S): S;
}

/** One way that an action can turn out. */
export interface Turn<S> {
  probability: number;
  state: S;
  /** Done to others in this turn. */
  harms: readonly Harm[];
}

/** The state after an operator that succeeds. */
export function carriedOut<O extends Operator, S extends WorldState>(op: O, state: S, physics: Physics<O, S>): S {
  return physics.effect(op, physics.spent(op, state));
}

/** One try of an operator that succeeds wherever it is possible; time and energy are gone in any case. */
export function nominal<O extends Operator, S extends WorldState>(op: O, state: S, physics: Physics<O, S>): S {
  return physics.possible(op, state) ? carriedOut(op, state, physics) : physics.spent(op, state);
}

/**
 * What trying an operator leads to. Energy is drawn first, as much as there is; where it does not suffice, or a need is not
 * met, nothing else happens. A safeguard's fact that does not hold lowers the success or adds its harm. What has failed once
 * fails again, for its cause persists: so trying twice is no substitute for care.
 */
export function attempt<O extends Operator, S extends WorldState>(op: O, before: S, physics: Physics<O, S>): Turn<S>[] {
  const spent = physics.spent(op, before);
  const state = { ...spent, batteryWh: Math.max(0, spent.batteryWh) };
  const failed = `failed: ${op.insteadOf?.id ?? op.id}`;
  if (before.batteryWh < op.energyWh || !physics.possible(op, before) || before.facts.includes(failed)) return [{ probability: 1, state, harms: [] }];
  const missing = op.safeguards.filter(({ fact }) => !before.facts.includes(fact));
  const success = Math.min(op.success, ...missing.map((safeguard) => safeguard.success ?? 1));
  const harms = [...op.harms, ...missing.flatMap((safeguard) => safeguard.harm ?? [])];
  const facts = [...state.facts.filter((fact) => !op.failure?.loses.includes(fact)), failed].sort();
  return [
    { probability: success, state: physics.effect(op, state), harms },
    { probability: 1 - success, state: { ...state, facts }, harms: op.failure ? [...harms, op.failure.harm] : harms },
  ];
}

/** The facts with others added, sorted. */
export function withFacts(facts: readonly string[], added: readonly string[]): string[] {
  return [...new Set([...facts, ...added])].sort();
}
