import { worldOf } from '../domain/world.ts';
import { inspectPlan } from './inspect.ts';
import { sceneOf, WORLD_NAME } from './scene.ts';
import { AGENT, situationOf } from './situation.ts';
import { waysToWorsen } from './spoil.ts';
import { valueOf } from './value.ts';

/**
 * Relief errands of a field rover between villages: charge, ask for and fetch supplies or a part, get across a ford, a bridge, ice or
 * scree, pass a crowded camp, deliver or repair. In some, the supplies are the last of people who need them more.
 */
export const relief = worldOf({ name: WORLD_NAME, agent: AGENT, situationOf, sceneOf, valueOf, inspectPlan, waysToWorsen });
