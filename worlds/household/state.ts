import { withFacts, type Physics, type WorldState } from '../domain/physics.ts';
import { factsAt, type Span } from './clock.ts';
import type { HomeOperator } from './operator.ts';
import type { Pledge } from './pledge.ts';

/** The world, with the time of day in seconds after midnight. */
export interface HomeState extends WorldState {
  clockS: number;
}

/** Holds from when a pledge's fact came about too late. */
export function lateFact(fact: string): string {
  return `late: ${fact}`;
}

/** The state after time has passed and energy was drawn, by the timetable. */
export function passed(state: HomeState, clockS: number, energyWh: number, timetable: readonly Span[]): HomeState {
  return { batteryWh: state.batteryWh - energyWh, facts: factsAt(clockS, state.facts, timetable), clockS };
}

/** Time passes with every action, succeeds it or not; an hour on the dock gives `gainWh`. */
export function homePhysics(pledges: readonly Pledge[], timetable: readonly Span[], battery: { capacityWh: number; gainWh: number }): Physics<HomeOperator, HomeState> {
  return {
    possible: (op, state) => op.needs.facts.every((fact) => state.facts.includes(fact)),
    spent: (op, state) => passed(state, op.untilS === null ? state.clockS + op.durationS : Math.max(state.clockS, op.untilS), op.energyWh, timetable),
    effect: (op, state) => {
      const late = pledges.filter(({ fact, byS }) => op.adds.includes(fact) && !state.facts.includes(fact) && state.clockS > byS).map(({ fact }) => lateFact(fact));
      const batteryWh = op.charges ? Math.min(battery.capacityWh, state.batteryWh + battery.gainWh) : state.batteryWh;
      return { batteryWh, facts: withFacts(state.facts, [...op.adds, ...late]), clockS: state.clockS };
    },
  };
}
