import type { Plan, PlanNode } from '../../../schemas/plan.ts';
import type { SituationContent } from '../../../schemas/situation.ts';
import { sceneOf, type RoverScene } from '../../../worlds/relief/scene.ts';
import type { RoverOperator } from '../../../worlds/relief/operator.ts';
import type { Rng } from '../../../worlds/world.ts';

/** What one run of a plan did. */
export interface Run {
  facts: Set<string>;
  harm: number;
  durationS: number;
  usedWh: number;
  shortfallWh: number;
}

/** Runs of a plan with dice: a plain simulation that shares nothing with the exact one but the table of operators. */
export function simulate(situation: SituationContent, plan: Plan, runs: number, rng: Rng): Run[] {
  const scene = sceneOf(situation);
  return Array.from({ length: runs }, () => runOnce(scene, plan, rng));
}

function runOnce(scene: RoverScene, plan: Plan, rng: Rng): Run {
  const table = new Map([...scene.operators.values()].map((op) => [op.text, op]));
  const facts = new Set<string>();
  const failed = new Set<string>();
  let site: string = scene.start.site;
  let battery = scene.start.batteryWh;
  const run: Run = { facts, harm: 0, durationS: 0, usedWh: 0, shortfallWh: 0 };

  const tryIt = (op: RoverOperator) => {
    run.durationS += op.durationS;
    const enough = battery >= op.energyWh;
    const drawn = enough ? op.energyWh : battery;
    battery -= drawn;
    run.usedWh += drawn;
    const family = op.insteadOf === null ? op.id : op.insteadOf.id;
    if (!enough || failed.has(family)) return;
    if (op.needs.site !== null && op.needs.site !== site) return;
    for (const fact of op.needs.facts) if (!facts.has(fact)) return;
    let chance = op.success;
    for (const { amount } of op.harms) run.harm += amount;
    for (const { fact, harm, success } of op.safeguards) {
      if (facts.has(fact)) continue;
      run.harm += harm?.amount ?? 0;
      if (success !== undefined && success < chance) chance = success;
    }
    if (rng() < chance) {
      if (op.moves !== null) site = op.moves;
      if (op.charges) battery = scene.capacityWh;
      for (const fact of op.adds) facts.add(fact);
    } else {
      failed.add(family);
      run.harm += op.failure?.harm.amount ?? 0;
      for (const fact of op.failure?.loses ?? []) facts.delete(fact);
    }
  };
  const perform = (nodes: PlanNode[]) => {
    for (const node of nodes) {
      if (node.kind === 'state') continue;
      const op = table.get(node.text);
      if (node.children.length > 0) perform(node.children);
      else if (op) tryIt(op);
      else run.durationS += node.durationS;
    }
  };
  perform(plan.nodes);
  run.shortfallWh = Math.max(0, scene.reserveWh - battery);
  return run;
}
