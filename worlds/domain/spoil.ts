import { applyEdits } from '../../plans/edits.ts';
import { InvalidOutput } from '../../plans/invalid.ts';
import { characteristics } from '../../plans/tree.ts';
import type { Plan } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import type { Edit } from '../../schemas/wire.ts';
import { pick, shuffled } from '../rng.ts';
import type { Rng } from '../world.ts';
import { claimsOf, layOut } from './layout.ts';
import type { Leaf } from './leaves.ts';
import { deedOf, edit, remove, replace, rewrite } from './mends.ts';
import { FLAW_CLASSES, type FlawClass, type Operator } from './operator.ts';
import { nominal, type Physics, type WorldState } from './physics.ts';
import { SMALLEST_SUB_PLAN, type Scene } from './scene.ts';

/** Edit scripts that each plant one flaw of a class in a plan, in random order. */
export type Ways = (plan: Plan, kind: FlawClass, rng: Rng) => Edit[][];

/** Worsens a plan in up to one way of each class, each with probability `rate`. */
export function spoilPlan(scene: Scene, situation: SituationContent, plan: Plan, ways: Ways, rate: number, rng: Rng): Plan {
  let spoiled = plan;
  for (const kind of FLAW_CLASSES) {
    if (rng() >= rate) continue;
    // Where others would be harmed by the target itself, ignoring them means to pursue it.
    if (kind === 'harm' && plan.stance !== 'pursue') spoiled = layOut(scene, situation, 'pursue');
    else spoiled = applied(spoiled, ways(spoiled, kind, rng)) ?? spoiled;
  }
  return spoiled;
}

/** The edits that worsen a plan in one way, of a random class that applies; none where no class does. */
export function worsenPlan(plan: Plan, ways: Ways, rng: Rng): Edit[] {
  for (const kind of shuffled(FLAW_CLASSES, rng)) {
    const way = ways(plan, kind, rng).find((edits) => applied(plan, [edits]) !== null);
    if (way) return way;
  }
  return [];
}

/** Each action done in a worse way of a class, where the scene knows one. */
export function worseWays<O extends Operator>(scene: Scene<O>, leaves: Leaf<O>[], kind: FlawClass): Edit[][] {
  return leaves.flatMap((leaf) =>
    [...scene.operators.values()]
      .filter(({ insteadOf }) => insteadOf?.flaw === kind && insteadOf.id === leaf.operator?.id)
      .map((op) => replace(leaf, { ...deedOf(op, leaf.node.id), claims: { ...claimsOf(op), moralCost: [] } })),
  );
}

/** Each of the operators named left out, unless that would take another action with it. */
export function without(leaves: Leaf[], ids: readonly string[]): Edit[][] {
  return ids.flatMap((id) => leaves.filter((leaf) => leaf.operator?.id === id)).filter(canGo).map(remove);
}

/** Neighbours put in the wrong order, where the second then cannot be done. */
export function swaps<O extends Operator, S extends WorldState>(leaves: Leaf<O>[], start: S, physics: Physics<O, S>): Edit[][] {
  let state = start;
  const ways: Edit[][] = [];
  for (const [i, leaf] of leaves.entries()) {
    const next = leaves[i + 1];
    if (next?.operator && leaf.operator && next.siblings === leaf.siblings && !physics.possible(next.operator, state)) {
      ways.push([...rewrite(leaf.node.id, contentOf(next)), ...rewrite(next.node.id, contentOf(leaf))]);
    }
    if (leaf.operator) state = nominal(leaf.operator, state, physics);
  }
  return ways;
}

/** Claims a fraction of the time and the energy that an action takes. */
export function misstate({ node }: Leaf, rng: Rng): Edit[] {
  const factor = pick([0.3, 0.35, 0.4, 0.45], rng);
  const energy = node.resources.map((resource) => ({ ...resource, amount: Math.round(resource.amount * factor) }));
  return [
    edit('characteristic', node.id, { field: 'durationS', value: Math.round(node.durationS * factor) }),
    ...(energy.some(({ amount }, i) => amount !== node.resources[i]?.amount) ? [edit('characteristic', node.id, { field: 'resources', resources: energy })] : []),
  ];
}

/** The plan after the first edit script that leaves it sound; null where none does. */
function applied(plan: Plan, ways: Edit[][]): Plan | null {
  for (const edits of ways) {
    try {
      return applyEdits(plan, edits);
    } catch (error) {
      if (!(error instanceof InvalidOutput)) throw error;
    }
  }
  return null;
}

/** Whether a leaf's removal takes no other action with it. */
function canGo({ siblings, parent }: Leaf): boolean {
  return parent === '' ? siblings.length > 3 : siblings.length >= 2 * SMALLEST_SUB_PLAN - 1;
}

function contentOf({ node }: Leaf): { text: string; claims: ReturnType<typeof characteristics> } {
  return { text: node.text, claims: structuredClone(characteristics(node)) };
}
