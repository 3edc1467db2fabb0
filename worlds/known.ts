import { checkPlan } from '../plans/check.ts';
import type { SituationContent } from '../schemas/situation.ts';
import { WORLDS } from './index.ts';
import type { World } from './world.ts';

/** Seeds of each world whose situations are known by their words. */
export const KNOWN_SEEDS = 5_000;

/** Seeds tried before a world is taken not to plan at a horizon. */
const TRIED_SEEDS = 100;

/** Initial state -> seed, as far as a world has been searched. */
const searched = new Map<World, { seeds: Map<string, number>; next: number }>();

/**
 * The situation with its place in a world: its own, or, where it names none, that of the world's situation with the same initial
 * state. Null where no world can play it.
 */
export function placedInWorld(situation: SituationContent): SituationContent | null {
  if (situation.world !== null) return Object.hasOwn(WORLDS, situation.world.name) ? situation : null;
  for (const world of Object.values(WORLDS)) {
    if (world.agent !== situation.agent) continue;
    const seed = seedOf(world, situation.initial);
    if (seed === null) continue;
    const placed = { ...situation, world: { name: world.name, seed } };
    if (canPlay(world, placed)) return placed;
  }
  return null;
}

/**
 * Whether the world can play a situation placed in it, by its own plan and by worse ones: worlds only plan, and at the levels that
 * they lay a situation out in.
 */
export function canPlay(world: World, situation: SituationContent): boolean {
  if (situation.task !== 'plan' || situation.world === null) return false;
  const own = world.situation(situation.world.seed).horizon;
  return own.every((level) => situation.horizon.includes(level)) && checkPlan(world.exemplary(situation), situation).length === 0;
}

/** Whether some world is for this agent and can plan at this horizon. */
export function isServed(agent: string, horizon: SituationContent['horizon']): boolean {
  return Object.values(WORLDS).some((world) => world.agent === agent && Array.from({ length: TRIED_SEEDS }, (_, seed) => world.situation(seed)).some((situation) => canPlay(world, { ...situation, horizon })));
}

function seedOf(world: World, initial: string): number | null {
  const search = searched.get(world) ?? { seeds: new Map<string, number>(), next: 0 };
  searched.set(world, search);
  const { seeds } = search;
  while (!seeds.has(initial) && search.next < KNOWN_SEEDS) {
    const text = world.situation(search.next).initial;
    if (!seeds.has(text)) seeds.set(text, search.next);
    search.next += 1;
  }
  return seeds.get(initial) ?? null;
}
