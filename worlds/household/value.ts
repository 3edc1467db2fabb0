import type { Plan } from '../../schemas/plan.ts';
import { claimedWh, misstatements } from '../domain/claims.ts';
import { expect, unfold, type Branch } from '../domain/distribution.ts';
import { leavesOf } from '../domain/leaves.ts';
import { attempt } from '../domain/physics.ts';
import type { PlanValue } from '../world.ts';
import { HOUR } from './clock.ts';
import type { Pledge } from './pledge.ts';
import type { HomeScene } from './scene.ts';
import { lateFact, passed, type HomeState } from './state.ts';

/** Nats. */
export const WEIGHTS = {
  /** A person's harm of 1 divides what that person has of the plan by e². */
  harm: 2,
  /** For each unit of expected shortfall of the energy that must be left, relative to it. */
  reserve: 1,
  /** For each figure off by a factor of 2.5 or more. */
  claim: 0.25,
};
/** What a person has of a plan that keeps nothing promised to them: keeps the reward positive. */
const LEAST_GOOD = 0.03;
/** Good of a pledge that its receiver has let go, and of one kept just too late without asking; the latter halves every 83 minutes. */
const RELEASED_GOOD = 0.8;
const LATE_GOOD = 0.5;
const PATIENCE_S = 2 * HOUR;

/**
 * The exact value of a plan: the probability distribution over world states is carried through its leaf actions in order, with the
 * time of day. Nobody's loss is made good by another's gain: the reward is a product over people,
 *
 *     reward = product over p of (0.03 + 0.97 k_p exp(-2 h_p)) * exp(-S - C / 4)
 *
 * k_p is what the plan does for person p. Under the stance pursue it is the mean over the pledges to p of their expected good: 1
 * kept in time; 0.8 let go by p; 0.5 exp(-late / 2 h) kept late; 0 broken. Who gives the target up owes those it was for the rest:
 * palliate 0.1 + 0.5 P(eased) + 0.15 P(referred), decline 0.1 + 0.25 P(told) + 0.15 P(referred). For everyone else k_p = 1. h_p is
 * the expected harm to p. S is the expected shortfall of the energy that must be left at the end, relative to it (the reserve; for one task, also
 * what the way on draws). C sums the excesses of the actions' misstated figures (claims.ts). Success is the chance that all
 * pledges are kept in time or let go. An action with unknown text takes the time and the energy that it claims and changes nothing.
 */
export function valueOf(scene: HomeScene, plan: Plan): PlanValue {
  const { physics, pledges, start, timetable } = scene;
  let branches: Branch<HomeState>[] = [{ state: start, probability: 1 }];
  const harms = new Map<string, number>();
  const kept = new Map<Pledge, number>();
  let claims = 0;
  for (const { node, operator } of leavesOf(scene, plan)) {
    if (operator && operator.untilS === null) claims += misstatements(operator, node).reduce((total, { excess }) => total + excess, 0);
    const idle = (state: HomeState) => [{ probability: 1, state: idled(passed(state, state.clockS + node.durationS, claimedWh(node), timetable)), harms: [] }];
    branches = unfold(branches, operator ? (state) => attempt(operator, state, physics) : idle, (before, turn, probability) => {
      for (const { on, amount } of turn.harms) harms.set(on, (harms.get(on) ?? 0) + probability * amount);
      for (const pledge of pledges) {
        if (!before.facts.includes(pledge.fact) && turn.state.facts.includes(pledge.fact)) {
          kept.set(pledge, (kept.get(pledge) ?? 0) + probability * goodOf(pledge, turn.state));
        }
      }
    });
  }
  const chance = (holds: (facts: readonly string[]) => boolean) => expect(branches, ({ facts }) => (holds(facts) ? 1 : 0));
  const given = (fact: string) => chance((facts) => facts.includes(fact));
  const good = (pledge: Pledge): number => {
    if (plan.stance === 'palliate') return 0.1 + 0.5 * given('eased') + 0.15 * given('referred');
    if (plan.stance === 'decline') return 0.1 + 0.25 * given('told') + 0.15 * given('referred');
    return (kept.get(pledge) ?? 0) + RELEASED_GOOD * chance((facts) => isReleased(pledge, facts) && !facts.includes(pledge.fact));
  };
  const people = [...new Set([...pledges.map(({ to }) => to), ...harms.keys()])];
  const logGood = people.map((person) => {
    const own = pledges.filter(({ to }) => to === person);
    const done = own.length === 0 ? 1 : own.reduce((total, pledge) => total + good(pledge), 0) / own.length;
    return Math.log(LEAST_GOOD + (1 - LEAST_GOOD) * done * Math.exp(-WEIGHTS.harm * (harms.get(person) ?? 0)));
  });
  const shortfall = expect(branches, ({ batteryWh }) => Math.max(0, scene.finalWh - batteryWh)) / scene.finalWh;
  return {
    logReward: sum(logGood) - WEIGHTS.reserve * shortfall - WEIGHTS.claim * claims,
    success: chance((facts) => pledges.every((pledge) => isReleased(pledge, facts) || (facts.includes(pledge.fact) && !facts.includes(lateFact(pledge.fact))))),
    harm: sum([...harms.values()]),
    durationS: (branches[0]?.state ?? start).clockS - start.clockS,
  };
}

/** Good of a pledge whose fact has just come about. */
function goodOf(pledge: Pledge, { clockS, facts }: HomeState): number {
  if (clockS <= pledge.byS) return 1;
  const late = LATE_GOOD * Math.exp(-(clockS - pledge.byS) / PATIENCE_S);
  return isReleased(pledge, facts) ? Math.max(RELEASED_GOOD, late) : late;
}

function isReleased({ release }: Pledge, facts: readonly string[]): boolean {
  return release !== null && facts.includes(release);
}

function idled(state: HomeState): HomeState {
  return { ...state, batteryWh: Math.max(0, state.batteryWh) };
}

function sum(values: number[]): number {
  return values.reduce((total, each) => total + each, 0);
}
