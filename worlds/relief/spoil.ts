import type { Plan } from '../../schemas/plan.ts';
import type { Edit } from '../../schemas/wire.ts';
import { shuffled } from '../rng.ts';
import { leavesOf } from '../domain/leaves.ts';
import type { FlawClass } from '../domain/operator.ts';
import { misstate, swaps, without, worseWays, type Ways } from '../domain/spoil.ts';
import type { RoverScene } from './scene.ts';

/** The ways in which a rover's plan can be worse. */
export function waysToWorsen(scene: RoverScene): Ways {
  return (plan: Plan, kind: FlawClass, rng) => {
    const leaves = leavesOf(scene, plan);
    const ways: Record<FlawClass, () => Edit[][]> = {
      harm: () => [...worseWays(scene, leaves, kind), ...without(leaves, ['warn'])],
      permission: () => without(leaves, ['ask']),
      risk: () => without(leaves, ['check']),
      scarcity: () => [...worseWays(scene, leaves, kind), ...without(leaves, ['charge'])],
      order: () => [...swaps(leaves, scene.start, scene.physics), ...without(leaves, ['take', 'driveOn', 'pass', 'give', 'handOver'])],
      figures: () => leaves.filter(({ operator }) => operator !== null).map((leaf) => misstate(leaf, rng)),
    };
    return shuffled(ways[kind](), rng);
  };
}
