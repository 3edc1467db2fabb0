import type { Turn } from './physics.ts';

/** A state that the world may be in. */
export interface Branch<S> {
  state: S;
  probability: number;
}

/** The distribution after one more action, equal states merged. `told` hears of each turn of each branch, with its probability. */
export function unfold<S>(branches: readonly Branch<S>[], turnsOf: (state: S) => Turn<S>[], told: (before: S, turn: Turn<S>, probability: number) => void): Branch<S>[] {
  const merged = new Map<string, Branch<S>>();
  for (const { state, probability } of branches) {
    for (const turn of turnsOf(state)) {
      const weight = probability * turn.probability;
      told(state, turn, weight);
      const key = JSON.stringify(turn.state);
      const known = merged.get(key);
      if (known) known.probability += weight;
      else if (weight > 0) merged.set(key, { state: turn.state, probability: weight });
    }
  }
  return [...merged.values()];
}

/** Expectation of a quantity. */
export function expect<S>(branches: readonly Branch<S>[], of: (state: S) => number): number {
  return branches.reduce((total, { state, probability }) => total + probability * of(state), 0);
}
