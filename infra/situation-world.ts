import type { SituationContent } from '../schemas/situation.ts';
import { worldNamed, WORLDS } from '../worlds/index.ts';
import { UsageError } from './usage-error.ts';

/**
 * A situation whose place in a world is there; `where` says in messages where it stands.
 * @throws UsageError, one line: `world.name` or `world.task`, and what the world knows.
 */
export function checkedPlace(where: string, situation: SituationContent): SituationContent {
  const { world } = situation;
  if (world === null) return situation;
  if (!Object.hasOwn(WORLDS, world.name)) throw new UsageError(`${where}: world.name: no world "${world.name}"; known: ${Object.keys(WORLDS).join(', ')}`);
  if (world.task === undefined) return situation;
  try {
    // a world can lay out its own plan of any task that it has
    worldNamed(world.name).exemplary(situation);
  } catch (error) {
    throw new UsageError(`${where}: ${(error as Error).message}`, { cause: error });
  }
  return situation;
}
