import { withFacts, type Physics, type WorldState } from '../domain/physics.ts';
import type { RoverOperator, Site } from './operator.ts';

/** The world, with where the rover is. */
export interface RoverState extends WorldState {
  site: Site;
}

/** The rover's actions need it to be somewhere, and charging fills the battery of `capacityWh`. */
export function roverPhysics(capacityWh: number): Physics<RoverOperator, RoverState> {
  return {
    possible: (op, state) => (op.needs.site === null || op.needs.site === state.site) && op.needs.facts.every((fact) => state.facts.includes(fact)),
    spent: (op, state) => ({ ...state, batteryWh: state.batteryWh - op.energyWh }),
    effect: (op, state) => ({ site: op.moves ?? state.site, batteryWh: op.charges ? capacityWh : state.batteryWh, facts: withFacts(state.facts, op.adds) }),
  };
}
