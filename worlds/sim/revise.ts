import { checkPlan } from '../../plans/check.ts';
import { applyEdits } from '../../plans/edits.ts';
import { InvalidOutput } from '../../plans/invalid.ts';
import { findNode, findPlace } from '../../plans/tree.ts';
import type { Law } from '../../schemas/law.ts';
import { INITIAL_ID, TARGET_ID, type Explanation, type Plan } from '../../schemas/plan.ts';
import type { StepBlock } from '../../schemas/prompt.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import type { Edit, Finding, StepOutput } from '../../schemas/wire.ts';
import { pick } from '../rng.ts';
import type { Flaw, Rng, World } from '../world.ts';
import { explain, keptOpening } from './explanations.ts';
import { promiseMend } from './promise.ts';

/** Clauses that make a state's text say no more than before: a wrong finding heeded without harm. */
const ASIDES = ['as the log says', 'as can be seen', 'and this is written down'];

export interface Revised {
  plan: Plan;
  explanation: Explanation | undefined;
  step: Pick<StepBlock['step'], 'findings' | 'decide'>;
}

/**
 * A revision by the law's rates: findings that are true are mended, wrong ones at times heeded without harm, and at times a new
 * flaw slips in. Asked to decide between two versions, it only mends what is true.
 */
export function revise(world: World, situation: SituationContent, { plan, explanation, step }: Revised, law: Law, rng: Rng): StepOutput {
  const script = new Script(situation, plan);
  const flaws = world.inspect(situation, plan);
  const rejected: Finding[] = [];
  for (const finding of step.findings) {
    const broken = promiseMend(plan, finding);
    if (broken.length > 0) {
      if (!script.add(broken)) rejected.push(finding);
      continue;
    }
    const flaw = flaws.find(({ node, issue }) => node === finding.node && issue === finding.issue);
    const heeded = flaw ? rng() < law.mend : !step.decide && rng() < law.heed;
    const done = heeded && (flaw ? script.mend(flaw) : script.add(aside(plan, finding.node, rng)));
    if (!done) rejected.push(finding);
  }
  if (!step.decide && rng() < law.break) script.add(world.worsen(situation, plan, rng));
  const opening = `${keptOpening(explanation)} ${script.edits.length === 0 ? 'The plan stands.' : 'The plan now answers what was found.'}${rejected.map(({ node, issue }) => ` Not heeded at ${node}: ${issue}.`).join('')}`;
  return {
    findings: [],
    edits: script.edits,
    stance: script.stance ?? 'unchanged',
    stanceArgument: script.stanceArgument,
    explanation: explain(script.result, rng, opening.trim(), [], (id) => findNode(plan, id) !== undefined),
    material: script.edits.length > 0,
  };
}

/** The growing edit script. An addition that would break the plan, or an earlier addition, is left out. */
class Script {
  edits: Edit[] = [];
  stance: Plan['stance'] | null = null;
  stanceArgument = '';
  result: Plan;
  private readonly situation: SituationContent;
  private readonly plan: Plan;

  constructor(situation: SituationContent, plan: Plan) {
    this.situation = situation;
    this.plan = plan;
    this.result = plan;
  }

  mend(flaw: Flaw): boolean {
    if (flaw.stance === undefined) return this.add(flaw.mend);
    // another stance makes another plan: whatever was mended so far is gone with the old one
    this.edits = [];
    const done = this.take(flaw.mend, flaw.stance, flaw.stance === 'pursue' ? '' : flaw.suggestion);
    if (done) [this.stance, this.stanceArgument] = [flaw.stance, flaw.stance === 'pursue' ? '' : flaw.suggestion];
    return done;
  }

  add(edits: Edit[]): boolean {
    return edits.length > 0 && this.stance === null && this.take(edits, this.plan.stance, this.plan.stanceArgument);
  }

  private take(edits: Edit[], stance: Plan['stance'], argument: string): boolean {
    try {
      const result = applyEdits(this.plan, [...this.edits, ...edits], stance, argument);
      if (checkPlan(result, this.situation).length > 0) return false;
      this.result = result;
      this.edits = [...this.edits, ...edits];
      return true;
    } catch (error) {
      if (error instanceof InvalidOutput) return false;
      throw error;
    }
  }
}

/** Adds an aside to the state at a node or right after it; nothing where there is none, or where one has an aside already. */
function aside(plan: Plan, node: string, rng: Rng): Edit[] {
  const place = findPlace(plan, node);
  const state = place?.node.kind === 'action' ? place.siblings[place.order + 1] : place?.node;
  if (!state || state.kind !== 'state' || [INITIAL_ID, TARGET_ID].includes(state.id) || ASIDES.some((each) => state.text.includes(each))) return [];
  const text = `${state.text.replace(/\.$/, '')}, ${pick(ASIDES, rng)}.`;
  return [{ op: 'label', node: state.id, text, states: [], actions: [], field: '', value: 0, resources: [], moralCost: [] }];
}
