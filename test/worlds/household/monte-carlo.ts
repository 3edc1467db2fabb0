import type { Plan, PlanNode } from '../../../schemas/plan.ts';
import type { SituationContent } from '../../../schemas/situation.ts';
import type { HomeOperator } from '../../../worlds/household/operator.ts';
import { CAPACITY_WH, GAIN_WH, sceneOf, type HomeScene } from '../../../worlds/household/scene.ts';
import type { Rng } from '../../../worlds/world.ts';

/** What one run of a plan did. */
export interface Run {
  /** Fact -> time of day at which it came about, seconds. */
  since: Map<string, number>;
  harms: Map<string, number>;
  endS: number;
  batteryWh: number;
}

/** Runs of a plan with dice: a plain simulation that shares nothing with the exact one but the table of operators. */
export function simulate(situation: SituationContent, plan: Plan, runs: number, rng: Rng): Run[] {
  const scene = sceneOf(situation);
  return Array.from({ length: runs }, () => runOnce(scene, plan, rng));
}

function runOnce(scene: HomeScene, plan: Plan, rng: Rng): Run {
  const table = new Map([...scene.operators.values()].map((op) => [op.text, op]));
  const since = new Map<string, number>();
  const harms = new Map<string, number>();
  const failed = new Set<string>();
  let clock = scene.start.clockS;
  let battery = scene.start.batteryWh;
  const hurt = (on: string, amount: number) => harms.set(on, (harms.get(on) ?? 0) + amount);
  // what the hour brings is asked of the timetable, never remembered
  const holdsAt = (fact: string, at: number) => {
    const span = scene.timetable.find((each) => each.fact === fact);
    return span ? at >= span.fromS && at <= span.untilS : since.has(fact);
  };
  const perform = (op: HomeOperator) => {
    const begun = clock;
    const enough = battery >= op.energyWh;
    battery = enough ? battery - op.energyWh : 0;
    clock = op.untilS === null ? clock + op.durationS : Math.max(clock, op.untilS);
    const family = op.insteadOf === null ? op.id : op.insteadOf.id;
    if (!enough || failed.has(family)) return;
    for (const fact of op.needs.facts) if (!holdsAt(fact, begun)) return;
    let chance = op.success;
    for (const { on, amount } of op.harms) hurt(on, amount);
    for (const { fact, harm, success } of op.safeguards) {
      if (holdsAt(fact, begun)) continue;
      if (harm) hurt(harm.on, harm.amount);
      if (success !== undefined && success < chance) chance = success;
    }
    if (rng() < chance) {
      if (op.charges) battery = Math.min(CAPACITY_WH, battery + GAIN_WH);
      for (const fact of op.adds) if (!since.has(fact)) since.set(fact, clock);
    } else {
      failed.add(family);
      if (op.failure) hurt(op.failure.harm.on, op.failure.harm.amount);
    }
  };
  const go = (nodes: PlanNode[]) => {
    for (const node of nodes) {
      if (node.kind === 'state') continue;
      const op = table.get(node.text);
      if (node.children.length > 0) go(node.children);
      else if (op) perform(op);
      else clock += node.durationS;
    }
  };
  go(plan.nodes);
  return { since, harms, endS: clock, batteryWh: battery };
}
