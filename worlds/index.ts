import { household } from './household/index.ts';
import { relief } from './relief/index.ts';
import type { World } from './world.ts';

/** Every world, by name. */
export const WORLDS: Readonly<Record<string, World>> = { [relief.name]: relief, [household.name]: household };

/** @throws Error naming the known worlds. */
export function worldNamed(name: string): World {
  const world = Object.hasOwn(WORLDS, name) ? WORLDS[name] : undefined;
  if (world === undefined) throw new Error(`no world "${name}"; known: ${Object.keys(WORLDS).join(', ')}`);
  return world;
}
