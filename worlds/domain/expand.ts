import { findPlace } from '../../plans/tree.ts';
import { contentHash } from '../../schemas/canonical.ts';
import type { Plan } from '../../schemas/plan.ts';
import { SituationContent } from '../../schemas/situation.ts';
import { normalised, type Operator } from './operator.ts';
import { openable } from './part.ts';
import type { Scene } from './scene.ts';

/**
 * The situation that a coarse action opens one level finer: from the state before it to the state after it. Null where the world
 * knows nothing finer: for states, single operators, texts of its own making, tasks of a way that should not be gone.
 */
export function expandNode<O extends Operator>(scene: Scene<O>, situation: SituationContent, plan: Plan, node: string): SituationContent | null {
  const place = findPlace(plan, node);
  const horizon = situation.horizon.slice(0, -1);
  if (place?.node.kind !== 'action' || place.parent !== '' || situation.world === null || horizon.length === 0) return null;
  const text = normalised(place.node.text);
  const task = openable(scene, (each) => normalised(each.text) === text);
  const initial = place.siblings[place.order - 1];
  const target = place.siblings[place.order + 1];
  if (!task || !initial || !target) return null;
  return {
    task: 'plan',
    agent: situation.agent,
    horizon,
    initial: initial.text,
    target: target.text,
    parent: { situation: idOf(situation), node },
    world: { ...situation.world, task: task.id },
  };
}

/** A situation's id, also of one that carries its place in a campaign. */
function idOf(situation: SituationContent): string {
  const content = Object.keys(SituationContent.shape) as (keyof SituationContent)[];
  return contentHash(Object.fromEntries(content.map((field) => [field, situation[field]])));
}
