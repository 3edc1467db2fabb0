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
