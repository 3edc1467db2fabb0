import type { World } from '../world.ts';
import { inspectPlan } from './inspect.ts';
import { layOut } from './layout.ts';
import { FLAW_CLASSES } from './operator.ts';
import { sceneOf, WORLD_NAME } from './scene.ts';
import { AGENT, situationOf } from './situation.ts';
import { spoilPlan, worsenPlan } from './spoil.ts';
import { valueOf } from './value.ts';

/**
 * Relief errands of a field rover between villages: charge, ask for and fetch supplies or a part, get across a ford, a bridge, ice or
 * scree, pass a crowded camp, deliver or repair. In some, the supplies are the last of people who need them more.
 */
export const relief: World = {
  name: WORLD_NAME,
  agent: AGENT,
  flawClasses: FLAW_CLASSES,
  situation: situationOf,
  exemplary: (situation) => {
    const scene = sceneOf(situation);
    return layOut(scene, situation, scene.draw.best);
  },
  value: (situation, plan) => valueOf(sceneOf(situation), plan),
  inspect: (situation, plan) => inspectPlan(sceneOf(situation), situation, plan),
  spoil: (situation, plan, rate, rng) => spoilPlan(sceneOf(situation), situation, plan, rate, rng),
  worsen: (situation, plan, rng) => worsenPlan(sceneOf(situation), plan, rng),
};
