import type { Plan } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import type { Flaw, PlanValue, World } from '../world.ts';
import { expandNode } from './expand.ts';
import { layOut } from './layout.ts';
import { FLAW_CLASSES } from './operator.ts';
import type { Scene } from './scene.ts';
import { spoilPlan, worsenPlan, type Ways } from './spoil.ts';

/** What is a world's own: its scenes, and how plans fare in them. */
export interface Domain<S extends Scene> {
  name: string;
  agent: string;
  situationOf: (seed: number) => SituationContent;
  /** @throws Error for a situation of another world. */
  sceneOf: (situation: SituationContent) => S;
  valueOf: (scene: S, plan: Plan) => PlanValue;
  inspectPlan: (scene: S, situation: SituationContent, plan: Plan) => Flaw[];
  waysToWorsen: (scene: S) => Ways;
}

/** A planning domain of operators as a world. */
export function worldOf<S extends Scene>({ name, agent, situationOf, sceneOf, valueOf, inspectPlan, waysToWorsen }: Domain<S>): World {
  return {
    name,
    agent,
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
}
