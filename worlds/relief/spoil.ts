import { applyEdits } from '../../plans/edits.ts';
import { InvalidOutput } from '../../plans/invalid.ts';
import { characteristics } from '../../plans/tree.ts';
import type { Plan } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import type { Edit } from '../../schemas/wire.ts';
import { pick, shuffled } from '../rng.ts';
import type { Rng } from '../world.ts';
import { claimsOf, layOut } from './layout.ts';
import { leavesOf, type Leaf } from './leaves.ts';
import { deedOf, edit, remove, replace, rewrite } from './mends.ts';
import { FLAW_CLASSES, type FlawClass } from './operator.ts';
import { SMALLEST_SUB_PLAN, type Scene } from './scene.ts';
import { possible } from './state.ts';
import { nominal } from './nominal.ts';

/** Worsens a plan in up to one way of each class, each with probability `rate`. */
export function spoilPlan(scene: Scene, situation: SituationContent, plan: Plan, rate: number, rng: Rng): Plan {
  let spoiled = plan;
  for (const kind of FLAW_CLASSES) {
    if (rng() >= rate) continue;
    // Where others would be harmed by the target itself, ignoring them means to pursue it.
    if (kind === 'harm' && plan.stance !== 'pursue') spoiled = layOut(scene, situation, 'pursue');
    else spoiled = applied(spoiled, waysToWorsen(scene, spoiled, kind, rng)) ?? spoiled;
  }
  return spoiled;
}

/** The edits that worsen a plan in one way, of a random class that applies; none where no class does. */
export function worsenPlan(scene: Scene, plan: Plan, rng: Rng): Edit[] {
  for (const kind of shuffled(FLAW_CLASSES, rng)) {
    const way = waysToWorsen(scene, plan, kind, rng).find((edits) => applied(plan, [edits]) !== null);
    if (way) return way;
  }
  return [];
}

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

/** Edit scripts that each plant one flaw of a class, in random order. */
function waysToWorsen(scene: Scene, plan: Plan, kind: FlawClass, rng: Rng): Edit[][] {
  const leaves = leavesOf(scene, plan);
  const named = (id: string) => leaves.filter((leaf) => leaf.operator?.id === id);
  const without = (...ids: string[]) => ids.flatMap(named).filter(canGo).map(remove);
  const worse = leaves.flatMap((leaf) =>
    [...scene.operators.values()]
      .filter(({ insteadOf }) => insteadOf?.flaw === kind && insteadOf.id === leaf.operator?.id)
      .map((op) => replace(leaf, { ...deedOf(op, leaf.node.id), claims: { ...claimsOf(op), moralCost: [] } })),
  );
  const ways: Record<FlawClass, () => Edit[][]> = {
    harm: () => [...worse, ...without('warn')],
    permission: () => without('ask'),
    risk: () => without('check'),
    scarcity: () => [...worse, ...without('charge')],
    order: () => [...swaps(scene, leaves), ...without('take', 'driveOn', 'pass', 'give', 'handOver')],
    figures: () => leaves.filter(({ operator }) => operator !== null).map((leaf) => misstate(leaf, rng)),
  };
  return shuffled(ways[kind](), rng);
}

/** Whether a leaf's removal takes no other action with it. */
function canGo({ siblings, parent }: Leaf): boolean {
  return parent === '' ? siblings.length > 3 : siblings.length >= 2 * SMALLEST_SUB_PLAN - 1;
}

/** Neighbours put in the wrong order, where the second then cannot be done. */
function swaps(scene: Scene, leaves: Leaf[]): Edit[][] {
  let state = scene.start;
  const ways: Edit[][] = [];
  for (const [i, leaf] of leaves.entries()) {
    const next = leaves[i + 1];
    if (next?.operator && leaf.operator && next.siblings === leaf.siblings && !possible(next.operator, state)) {
      ways.push([...rewrite(leaf.node.id, contentOf(next)), ...rewrite(next.node.id, contentOf(leaf))]);
    }
    if (leaf.operator) state = nominal(leaf.operator, state, scene.capacityWh);
  }
  return ways;
}

function contentOf({ node }: Leaf): { text: string; claims: ReturnType<typeof characteristics> } {
  return { text: node.text, claims: structuredClone(characteristics(node)) };
}

/** Claims a fraction of the time and the energy that an action takes. */
function misstate({ node }: Leaf, rng: Rng): Edit[] {
  const factor = pick([0.3, 0.35, 0.4, 0.45], rng);
  const energy = node.resources.map((resource) => ({ ...resource, amount: Math.round(resource.amount * factor) }));
  return [
    edit('characteristic', node.id, { field: 'durationS', value: Math.round(node.durationS * factor) }),
    ...(energy.some(({ amount }, i) => amount !== node.resources[i]?.amount) ? [edit('characteristic', node.id, { field: 'resources', resources: energy })] : []),
  ];
}
