import { worldOf } from '../domain/world.ts';
import { inspectPlan } from './inspect.ts';
import { sceneOf, WORLD_NAME } from './scene.ts';
import { AGENT, situationOf } from './situation.ts';
import { waysToWorsen } from './spoil.ts';
import { valueOf } from './value.ts';

/**
 * A household robot's day: promises to several people, each by a time of day; sleep, meetings, belongings and privacy that are
 * others' to give; one promise too many, which can be let go if asked; requests that would harm someone. Here a flaw of the class
 * `harm` hurts the ill, the asleep or someone's privacy, `permission` lacks an owner's consent or breaks a promise unasked, `risk`
 * skips a check, `scarcity` wastes power, stores or people's time, `order` is late or out of turn, `figures` misstates.
 */
export const household = worldOf({ name: WORLD_NAME, agent: AGENT, situationOf, sceneOf, valueOf, inspectPlan, waysToWorsen });
