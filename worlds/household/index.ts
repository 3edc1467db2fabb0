import { expandNode } from '../domain/expand.ts';
import { layOut } from '../domain/layout.ts';
import { FLAW_CLASSES } from '../domain/operator.ts';
import { spoilPlan, worsenPlan } from '../domain/spoil.ts';
import type { World } from '../world.ts';
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
export const household: World = {
  name: WORLD_NAME,
  agent: AGENT,
  flawClasses: FLAW_CLASSES,
  situation: situationOf,
  exemplary: (situation) => {
    const scene = sceneOf(situation);
    return layOut(scene, situation, scene.best);
  },
  value: (situation, plan) => valueOf(sceneOf(situation), plan),
  inspect: (situation, plan) => inspectPlan(sceneOf(situation), situation, plan),
  spoil: (situation, plan, rate, rng) => {
    const scene = sceneOf(situation);
    return spoilPlan(scene, situation, plan, waysToWorsen(scene), rate, rng);
  },
  worsen: (situation, plan, rng) => worsenPlan(plan, waysToWorsen(sceneOf(situation)), rng),
  expand: (situation, plan, node) => expandNode(sceneOf(situation), situation, plan, node),
};
