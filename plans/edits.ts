import { TARGET_ID, type Explanation, type Plan, type Stance } from '../schemas/plan.ts';
import type { SituationContent } from '../schemas/situation.ts';
import type { Edit, StepOutput } from '../schemas/wire.ts';
import { checkExplanation, checkPlan, checkShape } from './check.ts';
import { resolveSupports } from './ids.ts';
import { InvalidOutput } from './invalid.ts';
import { Script } from './script.ts';
import { findNode } from './tree.ts';

/**
 * The plan and explanation after a revision, by the rules at `Edit`; the input is left as it is. New nodes get fresh ids;
 * later edits and the explanation may name them by the temporary ids that the script gives them. A new `stance` brings its
 * argument, `unchanged` keeps both. `parent` and `order` of the nodes of an insert or replace are not read: `node` says where.
 *
 * @throws InvalidOutput with every fault: of the edits, of the resulting plan, of the explanation.
 */
export function applyRevision(
  plan: Plan,
  output: Pick<StepOutput, 'edits' | 'stance' | 'stanceArgument' | 'explanation'>,
  situation: SituationContent,
): { plan: Plan; explanation: Explanation } {
  const kept = output.stance === 'unchanged';
  const stance = output.stance === 'unchanged' ? plan.stance : output.stance;
  const script = new Script(plan, stance === 'pursue' ? (situation.target ?? undefined) : undefined);
  script.run(output.edits);
  const revised: Plan = { ...script.plan, stance, stanceArgument: kept ? plan.stanceArgument : output.stanceArgument };
  const { explanation, faults } = resolveSupports(output.explanation, script.resolve);
  refuse([...script.faults, ...checkPlan(revised, situation, script.ids.nameOf), ...faults, ...checkExplanation(explanation, revised)]);
  return { plan: revised, explanation };
}

/**
 * The plan after an edit script, and under another stance where one is given, without looking at the situation: the target
 * state keeps its text as long as the plan pursues it.
 *
 * @throws InvalidOutput with every fault of the edits and of the resulting plan's shape.
 */
export function applyEdits(plan: Plan, edits: Edit[], stance: Stance = plan.stance, stanceArgument = plan.stanceArgument): Plan {
  const pursued = plan.stance === 'pursue' && stance === 'pursue';
  const script = new Script(plan, pursued ? findNode(plan, TARGET_ID)?.text : undefined);
  script.run(edits);
  const revised: Plan = { ...script.plan, stance, stanceArgument };
  refuse([...script.faults, ...checkShape(revised, script.ids.nameOf)]);
  return revised;
}

function refuse(faults: string[]): void {
  if (faults.length > 0) throw new InvalidOutput([...new Set(faults)]);
}
