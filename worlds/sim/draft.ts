import { flatten, walk } from '../../plans/tree.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import type { Law } from '../../schemas/law.ts';
import type { DraftOutput, WireState } from '../../schemas/wire.ts';
import type { Rng, World } from '../world.ts';
import { explain } from './explanations.ts';

/** A draft: the exemplary plan with flaws planted by the law's rate, in ids of the model's own. */
export function draft(world: World, situation: SituationContent, law: Law, rng: Rng): DraftOutput {
  const plan = world.spoil(situation, world.exemplary(situation), law.flaw, rng);
  const names = new Map([...walk(plan)].map(({ node }, i) => [node.id, `${node.kind === 'state' ? 'state' : 'act'}-${i + 1}`]));
  const own = (id: string) => names.get(id) ?? '';
  const renamed = <T extends WireState>(nodes: T[]) => nodes.map((node) => ({ ...node, id: own(node.id), parent: own(node.parent) }));
  const { states, actions } = flatten(plan);
  const explanation = explain(plan, rng, 'A first plan.');
  return {
    stance: plan.stance,
    stanceArgument: plan.stanceArgument,
    states: renamed(states),
    actions: renamed(actions),
    explanation: { text: explanation.text, arguments: explanation.arguments.map((argument) => ({ ...argument, supports: argument.supports.map(own) })) },
  };
}
