import { existsSync } from 'node:fs';
import { readSituations } from '../../infra/situations-file.ts';
import { UsageError } from '../../infra/usage-error.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import { WORLDS } from '../../worlds/index.ts';

const IN_WORLD = 'world:';

/** The situations that SITUATION names: those of a file, or the one of `world:NAME/SEED`. @throws UsageError where there are none. */
export async function readSampled(named: string): Promise<SituationContent[]> {
  if (named.startsWith(IN_WORLD)) return [situationInWorld(named)];
  if (!existsSync(named)) throw new UsageError(`SITUATION: no such file: ${named}; a file of situations is allowed, or world:NAME/SEED`);
  return await readSituations('SITUATION', named);
}

function situationInWorld(named: string): SituationContent {
  const [name = '', seed = '', ...rest] = named.slice(IN_WORLD.length).split('/');
  const world = Object.hasOwn(WORLDS, name) ? WORLDS[name] : undefined;
  if (world === undefined) throw new UsageError(`SITUATION: no world "${name}"; known: ${Object.keys(WORLDS).join(', ')}`);
  if (!/^\d+$/.test(seed) || !Number.isSafeInteger(Number(seed)) || rest.length > 0) {
    throw new UsageError(`SITUATION: world:NAME/SEED, the seed a whole number from 0, such as world:${name}/7 (is "${named}")`);
  }
  return world.situation(Number(seed));
}
