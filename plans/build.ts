import { INITIAL_ID, TARGET_ID, type Explanation, type Plan, type PlanNode } from '../schemas/plan.ts';
import type { SituationContent } from '../schemas/situation.ts';
import type { DraftOutput } from '../schemas/wire.ts';
import { checkExplanation, checkPlan } from './check.ts';
import { growForest } from './forest.ts';
import { MintedIds, resolveSupports } from './ids.ts';
import { InvalidOutput } from './invalid.ts';

/**
 * The plan and explanation of a draft, with code's ids in place of the model's.
 *
 * @throws InvalidOutput with every fault, in the model's ids.
 */
export function buildDraft(output: DraftOutput, situation: SituationContent): { plan: Plan; explanation: Explanation } {
  const { nodes, faults } = growForest(output.states, output.actions);
  const ids = new MintedIds(1);
  const fixed = fixedIds(nodes, situation);
  for (const node of nodes) ids.mint(node, fixed);

  const plan: Plan = { stance: output.stance, stanceArgument: output.stanceArgument, nodes, nextId: ids.nextId };
  const given = new Set([...output.states, ...output.actions].map(({ id }) => id));
  const { explanation, faults: unknown } = resolveSupports(output.explanation, (name) => {
    const id = ids.of(name);
    if (id !== undefined) return [id];
    return given.has(name) ? [] : undefined;
  });
  faults.push(...checkPlan(plan, situation, ids.nameOf), ...unknown, ...checkExplanation(explanation, plan));
  if (faults.length > 0) throw new InvalidOutput([...new Set(faults)]);
  return { plan, explanation };
}

function fixedIds(nodes: PlanNode[], situation: SituationContent): Map<PlanNode, string> {
  const states = nodes.filter(({ kind }) => kind === 'state');
  const fixed = new Map<PlanNode, string>();
  const last = states.at(-1);
  if (last && situation.target !== null) fixed.set(last, TARGET_ID);
  if (states[0]) fixed.set(states[0], INITIAL_ID);
  return fixed;
}
